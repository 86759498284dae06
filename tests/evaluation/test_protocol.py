import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint import InputError, masks
from gated_inpaint.evaluation.protocol import Protocol
from gated_inpaint.files.image_files import write_png


def write_photos(folder, *names, shape=(40, 60)):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        write_png(folder / f"{name}.png", np.random.default_rng(number).integers(0, 256, (*shape, 3), np.uint8))


def write_masks(folder, *names, side=16):
    """The mask of number k has its hole in row k."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        mask = np.zeros((side, side, 1), np.uint8)
        mask[number * side // 16 : (number + 1) * side // 16] = 255
        write_png(folder / f"{name}.png", mask)


def cases(folder, *kinds, size=16, seed=3):
    return list(Protocol(str(folder), kinds, size, seed).cases())


@pytest.fixture
def photos(tmp_path):
    write_photos(tmp_path / "photos", "a", "b", "c")
    return tmp_path / "photos"


def as_levels(resized):
    return np.round((resized / 127.5 - 1 + 1) * 127.5)  # With the rounding errors of the way to [-1, 1] and back.


def test_the_middle_of_the_photo(photos):
    whole = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    (of_middle, *_) = cases(photos, "centre", size=32)
    np.testing.assert_array_equal(of_middle.photo, whole[4:36, 14:46])
    (of_larger, *_) = cases(photos, "centre", size=16)  # Half the short side, reduced.
    np.testing.assert_array_equal(of_larger.photo, as_levels(tf.image.resize(whole[10:30, 20:40], [16, 16], antialias=True)))
    (of_smaller, *_) = cases(photos, "centre", size=64)  # All of the short side, enlarged.
    np.testing.assert_array_equal(of_smaller.photo, as_levels(tf.image.resize(whole[:, 10:50], [64, 64])))


def test_every_photo_comes_with_every_kind_of_mask(photos):
    found = cases(photos, "centre", "free_form")
    assert [case.key for case in found] == [(name, kind) for name in "abc" for kind in ("centre", "free_form")]
    assert [case.key for case in found] == Protocol(str(photos), ["centre", "free_form"], 16, 3).keys
    for first, second in zip(found[::2], found[1::2]):
        np.testing.assert_array_equal(first.photo, second.photo)
        expected = np.zeros((16, 16), bool)
        expected[4:12, 4:12] = True
        np.testing.assert_array_equal(first.mask, expected)


def test_free_form_masks_follow_from_seed_and_number_alone(photos, tmp_path):
    found = [case.mask for case in cases(photos, "free_form", size=64)]
    for number, mask in enumerate(found):
        np.testing.assert_array_equal(mask, masks.strokes(tf.constant([3, number], tf.int64), 64, 64)[..., 0] == 1)
    write_photos(tmp_path / "others", *"uvwxy", shape=(80, 70))
    others = [case.mask for case in cases(tmp_path / "others", "free_form", size=64)]
    np.testing.assert_array_equal(others[:3], found)
    assert (np.array([case.mask for case in cases(photos, "free_form", size=64, seed=4)]) != found).any(axis=(1, 2)).all()


def test_mask_files_pair_by_name(photos, tmp_path):
    write_masks(tmp_path / "holes", *"xcba")
    found = cases(photos, str(tmp_path / "holes"))
    assert [case.key.masks for case in found] == ["holes"] * 3
    assert [np.flatnonzero(case.mask.any(axis=1)).tolist() for case in found] == [[3], [2], [1]]


def test_mask_files_of_other_names_come_in_turn_at_any_size(photos, tmp_path):
    write_masks(tmp_path / "holes", "1", "2", side=32)
    found = cases(photos, str(tmp_path / "holes"))
    assert [np.flatnonzero(case.mask.any(axis=1)).tolist() for case in found] == [[0], [1], [0]]


def test_what_the_masks_are_is_said_exactly(photos, tmp_path):
    write_masks(tmp_path / "holes", *"abc")
    (before,) = Protocol(str(photos), [str(tmp_path / "holes")], 16, 0).masks
    write_masks(tmp_path / "holes", *"acb")
    (after,) = Protocol(str(photos), [str(tmp_path / "holes")], 16, 0).masks
    assert "each for the photo of its name" in before.description and before.description != after.description


def refused(action, *words):
    with pytest.raises(InputError) as caught:
        action()
    assert all(word in str(caught.value) for word in words), caught.value


def test_masks_that_do_not_pair_are_named_and_counted(photos, tmp_path):
    write_masks(tmp_path / "holes", "b", "x")
    refused(lambda: cases(photos, str(tmp_path / "holes")), "2 of 3 photos have no mask", ": a, c.")
    refused(lambda: cases(photos, "stroke"), "'stroke' are neither", "centre, free_form")
    write_masks(tmp_path / "centre", *"abc")
    refused(lambda: cases(photos, "centre", str(tmp_path / "centre")), "one name: centre")
    shutil.copy(tmp_path / "centre/a.png", tmp_path / "centre/a.bmp")
    refused(lambda: cases(photos, str(tmp_path / "centre")), "1 stems", "more than one file: a.")
    (tmp_path / "none").mkdir()
    refused(lambda: cases(photos, str(tmp_path / "none")), "holds no images")


@pytest.mark.parametrize(
    "masks, words",
    [
        (
            "empty oblong full damaged",
            ("4 of 4", "empty.png is empty", "oblong.png is 9x8", "full.png covers", "damaged.png"),
        ),
        (
            "thin hole almost",
            ("2 of 3", "thin.png is empty, at 16x16", "almost.png covers the whole picture, at 16x16"),
        ),
    ],
)
def test_mask_files_that_cannot_be_used_are_named_and_counted_at_once(photos, tmp_path, masks, words):
    thin, hole = np.zeros((64, 64)), np.zeros((8, 8))
    thin[1] = hole[3] = 1  # Of 16 rows none is left of the thin one.
    arrays = dict(empty=0 * hole, oblong=np.ones((8, 9)), full=0 * hole + 1, thin=thin, hole=hole, almost=1 - thin)
    folder = tmp_path / "holes"
    folder.mkdir()
    for name in masks.split():
        if name == "damaged":
            (folder / "damaged.png").write_text("no picture")
        else:
            write_png(folder / f"{name}.png", (255 * arrays[name][..., np.newaxis]).astype(np.uint8))
    refused(lambda: Protocol(str(photos), [str(folder)], 16, 0), *words)


def test_a_photo_of_another_name_is_another_photo(photos):
    before = Protocol(str(photos), ["centre"], 16, 0).digest
    assert Protocol(str(photos), ["centre"], 16, 1).digest == before
    (photos / "c.png").rename(photos / "d.png")
    assert Protocol(str(photos), ["centre"], 16, 0).digest != before


def test_a_name_that_cannot_be_written_down(photos):
    os.rename(photos / "b.png", os.fsencode(photos) + b"/caf\xe9.png")
    refused(lambda: Protocol(str(photos), ["centre"], 16, 0), "1 photos of", "not in UTF-8", "caf")


def test_photos_that_cannot_be_used(photos, tmp_path):
    (photos / "b.png").write_bytes((photos / "b.png").read_bytes()[:1000])
    refused(lambda: cases(photos, "centre"), "1 of 3 photos", "b.png")
    write_photos(photos, "b")
    (photos / "below").mkdir()
    shutil.copy(photos / "a.png", photos / "below/a.png")
    refused(lambda: cases(photos, "centre"), "1 stems", "more than one photo: a.")
    refused(lambda: cases(tmp_path / "nowhere", "centre"), "There are no photos")


def test_photos_that_change_or_go_meanwhile(photos):
    protocol = Protocol(str(photos), ["centre"], 16, 0)
    write_photos(photos, "a", "c")
    refused(lambda: list(protocol.cases()), "changed since it was checked", "photos/c.png")
    (photos / "b.png").unlink()
    refused(lambda: list(protocol.cases()), "photos/b.png")
