"""Many pictures, with a network that paints the hole gray: what is written, left out and reported."""

import json
import pathlib
import types

import numpy as np
import pytest
from PIL import Image

from gated_inpaint import InputError
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.inference import photo_files
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions

GRAY = 99


@pytest.fixture(autouse=True)
def in_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """The fake inpainters that were made."""
    made = []

    class Gray:
        network = types.SimpleNamespace(iterations=None)

        def __init__(self, *_, **__):
            made.append(self)

        def fitting(self, mask):
            return self

        def plan(self, mask):
            return types.SimpleNamespace(sentence="", strategy="original", pieces=0)

        def __call__(self, image, mask, sketch=None, progress=None, plan=None):
            completed = image.copy()
            completed[mask, : min(3, image.shape[-1])] = GRAY
            return completed

    monkeypatch.setattr(photo_files, "Inpainter", Gray)
    return made


def picture(height=20, width=30, mode="RGB"):
    return Image.fromarray(np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)).convert(mode)


def hole(height=20, width=30, rows=slice(4, 12)):
    mask = np.zeros((height, width), np.uint8)
    mask[rows, 5:20] = 255
    return Image.fromarray(mask)


def save(image, name):
    pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
    image.save(name)


def report(path="report.jsonl"):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def test_twelve_kinds_of_file(capfd):
    """A line of truth for each, and nothing else."""
    for name in ("good.png", "photo.jpg", "gray.bmp", "empty.webp", "full.tif", "no_mask.png", "wrong_size.png", "cut.png"):
        save(picture(mode="L" if name == "gray.bmp" else "RGB"), f"in/{name}")
        if name != "no_mask.png":
            save(hole(20, 31 if name == "wrong_size.png" else 30), f"in/{pathlib.Path(name).stem}_mask.png")
    save(hole(rows=slice(0)), "in/empty_mask.png")
    save(Image.new("L", (30, 20), 255), "in/full_mask.png")
    pathlib.Path("in/cut.png").write_bytes(pathlib.Path("in/cut.png").read_bytes()[:300])
    pathlib.Path("in/notes.txt").write_text("hello")
    pathlib.Path("in/text.png").write_text("hello")
    save(hole(), "in/text_mask.png")
    save(hole(), "in/gone_mask.png")
    pathlib.Path("in/folder").mkdir()

    outcomes = complete_files(CompletionOptions(image="in", mask="in", output="new/out", report="report.jsonl"))
    lines = report()
    assert {pathlib.Path(line["image"] or line["mask"]).name: line["status"] for line in lines} == {
        "cut.png": "left_out",
        "empty.webp": "unchanged",
        "folder": "left_out",
        "full.tif": "left_out",
        "gone_mask.png": "left_out",
        "good.png": "completed",
        "gray.bmp": "completed",
        "no_mask.png": "left_out",
        "notes.txt": "left_out",
        "photo.jpg": "completed",
        "text.png": "left_out",
        "wrong_size.png": "left_out",
    }
    assert len(lines) == len(outcomes) == 12
    (good,) = (line for line in lines if line["image"] == "in/good.png")
    assert 0 <= good.pop("seconds") < 60
    assert good == {
        "image": "in/good.png",
        "mask": "in/good_mask.png",
        "output": "new/out/good.png",
        "status": "completed",
        "reason": None,
        "width": 30,
        "height": 20,
        "hole": 0.2,
        "strategy": "original",
        "notes": [],
    }
    assert all((line["reason"] is not None) == (line["status"] == "left_out") for line in lines)
    assert sorted(path.name for path in pathlib.Path("new/out").iterdir()) == ["empty.png", "good.png", "gray.png", "photo.png"]
    completed, mask = read_photo("new/out/good.png").array, np.asarray(hole()) > 0
    assert (completed[mask] == GRAY).all() and (completed[~mask] == np.asarray(picture())[~mask]).all()
    said = [line.split("\r")[-1] for line in capfd.readouterr().err.splitlines()]
    for line in lines:
        if line["status"] == "left_out":
            assert f"left out {line['image'] or line['mask']}: {line['reason']}." in said


def test_what_is_there_is_left_as_it_is(made):
    for name in "ab":
        save(picture(), f"in/{name}.png")
    save(hole(), "mask.png")
    options = dict(image="in", mask="mask.png", output="out", report="report.jsonl")
    complete_files(CompletionOptions(**options))
    with open("report.jsonl", "a") as file:
        file.write('{"image": "cut sho')
    pathlib.Path("out/b.png").write_text("by hand")
    pathlib.Path("out/a.png").unlink()
    complete_files(CompletionOptions(**options, skip_existing=True))
    assert [line["status"] for line in report()] == ["completed", "completed", "completed", "exists"]
    assert pathlib.Path("out/b.png").read_text() == "by hand"
    complete_files(CompletionOptions(**options, skip_existing=True))
    assert len(made) == 2  # Where nothing is to do, no weights are loaded.
    complete_files(CompletionOptions(**options))
    assert [line["status"] for line in report()] == ["completed", "completed"]


def test_a_report_survives_what_stops_the_command(monkeypatch):
    for name in "abc":
        save(picture(), f"in/{name}.png")
    save(hole(), "mask.png")

    def write(path, *_):
        if path.name == "c.png":
            raise KeyboardInterrupt
        return []

    monkeypatch.setattr(photo_files, "write_picture", write)
    with pytest.raises(KeyboardInterrupt):
        complete_files(CompletionOptions(image="in", mask="mask.png", output="out", report="report.jsonl"))
    assert [line["image"] for line in report()] == ["in/a.png", "in/b.png"]


def test_a_tree_of_photos_with_their_transparent_parts():
    for name in ("a", "sub/a"):
        cut = picture(mode="RGBA")
        cut.putalpha(Image.fromarray(255 - np.asarray(hole())))
        save(cut, f"in/{name}.png")
    save(picture(), "in/whole.png")
    complete_files(CompletionOptions(image="in", output="out", recursive=True, report="report.jsonl", grow_mask=1))
    lines = report()
    assert [(line["output"], line["status"]) for line in lines] == [
        ("out/a.png", "completed"),
        ("out/sub/a.png", "completed"),
        ("out/whole.png", "left_out"),
    ]
    assert lines[0]["hole"] > 0.2 and "no transparent part" in lines[2]["reason"]


def test_formats_and_notes(capfd):
    for name, mode in (("a.jpg", "CMYK"), ("b.webp", "RGB"), ("c.gif", "RGB")):
        save(picture(mode=mode), f"in/{name}")
    save(Image.fromarray(np.asarray(hole()) // 255), "mask.png")
    options = dict(image="in", mask="mask.png", output="out", output_format="same", report="report.jsonl")
    complete_files(CompletionOptions(**options))
    assert sorted(path.name for path in pathlib.Path("out").iterdir()) == ["a.jpg", "b.webp", "c.png"]
    assert Image.open("out/a.jpg").format == "JPEG" and Image.open("out/b.webp").format == "WEBP"
    notes = report()[0]["notes"]
    assert len(notes) == 2 and notes[0].startswith("in/a.jpg: CMYK became RGB") and "mask.png is white nowhere" in notes[1]
    said = capfd.readouterr().err
    assert all(f"note: {note}\n" in said for note in notes)
    size = pathlib.Path("out/a.jpg").stat().st_size
    complete_files(CompletionOptions(**options, quality=20))
    assert pathlib.Path("out/a.jpg").stat().st_size < size


def test_one_photo_by_strings_and_what_is_wrong_with_it():
    save(picture(), "a.png")
    save(hole(40, 60), "m.png")
    with pytest.raises(InputError, match="60x40"):
        complete_files(CompletionOptions(image="a.png", mask="m.png", output="new/a.png", report="report.jsonl"))
    assert [line["status"] for line in report()] == ["left_out"] and not pathlib.Path("new").exists()
    complete_files(CompletionOptions(image="a.png", mask="m.png", output="new/a.png", resize_mask=True))
    assert (read_photo("new/a.png").array == GRAY).all(axis=-1).mean() == pytest.approx(0.05, abs=0.01)


def test_a_report_and_results_that_cannot_be_written():
    save(picture(), "a.png")
    save(hole(), "m.png")
    for changed, words in (
        (dict(output="a.png/b.png"), "cannot be made: .*a.png is a file"),
        (dict(report="m.png/r"), "the report"),
    ):
        with pytest.raises(InputError, match=words):
            complete_files(CompletionOptions(**{"image": "a.png", "mask": "m.png", "output": "b.png", **changed}))
