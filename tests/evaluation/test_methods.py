import functools
import importlib.util
import sys

import cv2
import numpy as np
import pytest
from conftest import DATA

from gated_inpaint import Inpainter, InputError
from gated_inpaint.evaluation.methods import make_methods
from gated_inpaint.evaluation.protocol import Key
from gated_inpaint.files.image_files import write_png

KEY = Key("a", "centre")
PATCHMATCH = pytest.param(  # For Python 3.11 and later: see setup.py.
    "patchmatch", marks=pytest.mark.skipif(importlib.util.find_spec("patchmatch") is None, reason="PyPatchMatch is not installed.")
)
SMALL = f"small=weights:{DATA / 'generator'}"


def picture():
    return cv2.resize(np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8), (48, 48), interpolation=cv2.INTER_CUBIC)


def hole():
    mask = np.zeros((48, 48), bool)
    mask[10:30, 5:25] = True
    return mask


def with_hole(level):
    return np.where(hole()[..., np.newaxis], np.uint8(level), picture())


@functools.cache
def made(text):
    (method,) = make_methods([text]).values()
    return method


def complete(text, level=0):
    return made(text).complete(with_hole(level), hole(), KEY)


@pytest.mark.parametrize("text", ["ours", "telea", "navier_stokes", PATCHMATCH, "mean"])
def test_only_the_hole_is_filled_from_what_is_known_and_always_alike(text):
    completed = complete(text)
    assert completed.dtype == np.uint8
    np.testing.assert_array_equal(completed[~hole()], picture()[~hole()])
    assert (completed[hole()] != 0).any(axis=-1).mean() > 0.9
    np.testing.assert_array_equal(complete(text), completed)
    np.testing.assert_array_equal(complete(text, level=255), completed)


def test_each_is_what_it_says():
    np.testing.assert_array_equal(complete(SMALL), Inpainter(DATA / "generator")(with_hole(0), hole()))
    for text, flag in (("telea", cv2.INPAINT_TELEA), ("navier_stokes", cv2.INPAINT_NS)):
        np.testing.assert_array_equal(complete(text), cv2.inpaint(with_hole(0), hole().astype(np.uint8), 3, flag))
    mean = np.round(picture()[~hole()].astype(np.float64).mean(axis=0))
    np.testing.assert_array_equal(complete("mean")[hole()], np.broadcast_to(mean, (400, 3)))


def test_patchmatch_is_what_it_says():
    patchmatch = pytest.importorskip("patchmatch")
    patchmatch.set_random_seed(0)
    np.testing.assert_array_equal(complete("patchmatch"), patchmatch.inpaint(with_hole(0), hole(), patch_size=3))


def test_patchmatch_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "patchmatch", None)
    with pytest.raises(InputError, match=r"pip install 'gated_inpaint\[baselines\]'"):
        make_methods(["patchmatch"])


def test_names_and_descriptions():
    methods = make_methods(["telea", SMALL, "other=weights:" + str(DATA / "generator"), "ours"])
    assert list(methods) == ["telea", "small", "other", "ours"]
    assert cv2.__version__ in methods["telea"].description
    assert "base width 8, without sketch channel, sha256 " in methods["small"].description
    assert "bundled" in methods["ours"].description and methods["ours"].description.count("sha256") == 2  # Of thin holes, too.
    assert methods["small"].description.count("sha256") == 1
    assert methods["small"].description.split(", ")[2] != methods["ours"].description.split(", ")[2]


@pytest.mark.parametrize(
    "texts, words",
    [
        (["telia"], "There is no method 'telia': it must be one of ours, telea, "),
        (["mine=runs/first"], "NAME=weights:PATH"),
        (["mine=weights:"], "NAME=weights:PATH"),
        (["ours=telea"], "There is no method 'ours=telea'"),
        (["../mine=folder:x"], "must consist of letters"),
        (["mean", "telea", "mean"], "Two methods are called mean"),
        (["mine=weights:nowhere"], "There are no weights nowhere"),
        ([f"mine=weights:{DATA / 'generator_guided'}"], "are guided weights"),
    ],
)
def test_methods_that_cannot_be_made(texts, words):
    with pytest.raises(InputError) as caught:
        make_methods(texts)
    assert words in str(caught.value)


class TestFolder:
    keys = [Key(photo, kind) for photo in "abc" for kind in ("centre", "free_form")]

    @pytest.fixture
    def folder(self, tmp_path):
        for number, key in enumerate(self.keys):
            (tmp_path / key.masks).mkdir(exist_ok=True)
            write_png(tmp_path / key.masks / f"{key.photo}.png", np.full((48, 48, 3), number, np.uint8))
        return tmp_path

    def checked(self, folder, keys):
        (method,) = make_methods([f"theirs=folder:{folder}"]).values()
        method.check("theirs", keys, 48)
        return lambda key: method.complete(with_hole(0), hole(), key)

    def test_pictures_are_those_of_kind_and_name(self, folder):
        completed = self.checked(folder, self.keys)
        for number, key in enumerate(self.keys):
            np.testing.assert_array_equal(completed(key), np.full((48, 48, 3), number, np.uint8))

    def test_one_kind_may_be_in_the_folder_itself(self, folder):
        keys = self.keys[1::2]
        assert (self.checked(folder, keys)(keys[2]) == 5).all()
        assert (self.checked(folder / "free_form", keys)(keys[2]) == 5).all()

    def test_formats_may_differ_from_the_photos(self, folder):
        """Stems pair: of a photo a.jpg, or a.png, what was completed may be a.bmp."""
        (folder / "centre/a.png").unlink()
        cv2.imwrite(str(folder / "centre/a.bmp"), np.full((48, 48, 3), 9, np.uint8))
        assert (self.checked(folder, self.keys)(self.keys[0]) == 9).all()

    def test_missing_ones_are_named_and_counted(self, folder):
        (folder / "free_form/a.png").unlink()
        (folder / "centre/c.png").unlink()
        with pytest.raises(InputError) as caught:
            self.checked(folder, self.keys)
        assert str(caught.value) == f"theirs: 2 of 6 completed pictures are not in {folder}: a (free_form), c (centre)."

    def test_missing_folder(self, folder):
        with pytest.raises(InputError, match="Cannot read the folder .*/nowhere"):
            self.checked(folder, [Key("a", "nowhere"), *self.keys])

    def test_pictures_that_cannot_be_scored_are_named_and_counted(self, folder):
        write_png(folder / "centre/b.png", np.zeros((47, 48, 3), np.uint8))
        write_png(folder / "centre/c.png", np.zeros((48, 48, 1), np.uint8))
        (folder / "free_form/a.png").write_text("no picture")
        with pytest.raises(InputError, match="3 of 6 pictures of theirs cannot be used") as caught:
            self.checked(folder, self.keys)
        assert "centre/b.png is of type uint8 and shape [47, 48, 3], not uint8 [48, 48, 3]" in str(caught.value)
        assert "free_form/a.png" in str(caught.value) and "centre/c.png" in str(caught.value)

    def test_description_tells_the_pictures_from_others(self, folder):
        """An evaluation is then not resumed with them."""
        (method,) = make_methods([f"theirs=folder:{folder}"]).values()
        descriptions = []
        for level in (1, 1, 2):
            write_png(folder / "centre/b.png", np.full((48, 48, 3), level, np.uint8))
            method.check("theirs", self.keys, 48)
            descriptions.append(method.description)
        assert descriptions[0] == descriptions[1] != descriptions[2] and descriptions[0].startswith(f"6 pictures in {folder}")
