"""Which mask belongs to which photo, by names and by numbers; what is in a folder."""

import os
import pathlib

import pytest

from gated_inpaint import InputError
from gated_inpaint.files.pairing import files_below, masks_by_name, masks_by_number, photo_of_mask


def paths(*names):
    return [pathlib.Path(name) for name in names]


@pytest.mark.parametrize(
    "stem, photo",
    [
        ("a_mask", "a"),
        ("a_mask001", "a"),
        ("a_MASK2", "a"),
        ("mask_a", "a"),
        ("a_mask_mask", "a_mask"),
        ("a", None),
        ("amask", None),
        ("mask", None),
        ("mask_", None),
        ("a_masked", None),
    ],
)
def test_names_of_masks(stem, photo):
    assert photo_of_mask(stem) == photo


def test_masks_by_name():
    masks = paths("a.png", "b_mask.png", "c_mask001.png", "mask_d.png", "d_mask.png", "other.png", "e.b.png")
    assert masks_by_name(["a", "b", "c", "d", "e", "e.b"], masks) == {
        "a": paths("a.png"),
        "b": paths("b_mask.png"),
        "c": paths("c_mask001.png"),
        "d": paths("mask_d.png", "d_mask.png"),
        "e.b": paths("e.b.png"),
    }


def test_masks_by_number():
    masks = paths("matte.0001.png", "matte.0002.png", "matte.2.png")
    assert masks_by_number(["f1", "f2", "f3"], masks) == {"f1": masks[:1], "f2": masks[1:]}
    assert masks_by_number(["f1", "g2"], masks) == {}  # Two films, or none.
    assert masks_by_number(["f1"], [*masks, *paths("other1.png")]) == {}
    assert masks_by_number(["f1"], paths("matte.png")) == {} == masks_by_number(["f1"], [])


def test_files_below(tmp_path):
    for name in ("b.png", "a.png", ".hidden.png", "one/c.png", "one/two/d.png", "results/e.png", ".git/f.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "one/up").symlink_to(tmp_path)
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "loop.png").symlink_to("loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    alone = {os.path.realpath(tmp_path / "results")}

    files, closed = files_below(tmp_path, leave_alone=alone)
    assert {str(folder): [path.name for path in here] for folder, here in files.items()} == {".": ["a.png", "b.png"]}
    assert [path.name for path, _ in closed] == ["gone.png", "loop.png", "one", "pipe.png"]
    files, closed = files_below(tmp_path, recursive=True, leave_alone=alone)
    found = {str(folder): [path.name for path in here] for folder, here in files.items()}
    assert found == {".": ["a.png", "b.png"], "one": ["c.png"], "one/two": ["d.png"]}
    assert [path.name for path, _ in closed] == ["gone.png", "loop.png", "up", "pipe.png"]
    with pytest.raises(InputError, match="nowhere"):
        files_below(tmp_path / "nowhere")
