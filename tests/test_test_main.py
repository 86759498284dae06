"""`gated-inpaint complete`, run as a person runs it: in a process of its own where that matters, else by its main."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import DATA, random_generator, write_weights

from gated_inpaint import Inpainter
from gated_inpaint.commands.main import run as run_command
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.models.deepfill_v2.layer_maps import SHOWN

ROOT = pathlib.Path(__file__).parents[1]
SMALL = str(DATA / "generator")


@pytest.fixture(autouse=True)
def in_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfd):
    """Runs main with flags; returns the exit status, what it printed, and the lines on stderr but for the progress bar."""

    def run(**chosen):
        chosen = {"weights": SMALL, **chosen}
        flags = [f"--{name}={value}" for name, value in chosen.items() if value is not None]
        status = run_command("complete", flags, "test_main.py")
        captured = capfd.readouterr()
        lines = [line.split("\r")[-1].strip() for line in captured.err.splitlines()]
        return status, captured.out, [line for line in lines if line and not re.search(r"\d+/\d+ \[.*picture", line)]

    return run


def picture(height=20, width=30, channels=3):
    return np.random.default_rng(height).integers(0, 256, (height, width, channels), np.uint8)


def hole(height=20, width=30):
    mask = np.zeros((height, width, 1), np.uint8)
    mask[4:12, 5:20] = 255
    return mask


def write_pair(name="a", size=(20, 30)):
    for folder in ("photos", "masks", "results"):
        pathlib.Path(folder).mkdir(exist_ok=True)
    write_png(f"photos/{name}.png", picture(*size))
    write_png(f"masks/{name}.png", hole(*size))


def test_one_photo(run):
    write_pair()
    assert run(image="photos/a.png", mask="masks/a.png", output="results/a.png") == (0, "Wrote results/a.png.\n", [])
    expected = Inpainter(SMALL, eager=True)(picture(), hole())
    np.testing.assert_array_equal(read_photo("results/a.png").array, expected)


def test_inverted_mask(run):
    write_pair()
    write_png("masks/a.png", 255 - hole())
    assert run(image="photos/a.png", mask="masks/a.png", output="results/a.png", invert_mask=True)[0] == 0
    np.testing.assert_array_equal(read_photo("results/a.png").array, Inpainter(SMALL, eager=True)(picture(), hole()))


def test_stages_are_saved(run):
    write_pair()
    assert run(image="photos/a.png", mask="masks/a.png", output="results/a.png", save_stages="stages/of/a")[0] == 0
    names = ["a_attention.png", "a_coarse.png", "a_mask.png", "a_refined.png"]
    maps = [f"a_gates_{layer}.png" for layer in SHOWN]
    assert sorted(path.name for path in pathlib.Path("stages/of/a").iterdir()) == sorted(names + maps)
    assert all(read_photo(f"stages/of/a/{name}").array.shape == (20, 30, 3) for name in names)
    refined, complete = read_photo("stages/of/a/a_refined.png").array, read_photo("results/a.png").array
    np.testing.assert_array_equal(refined[4:12, 5:20], complete[4:12, 5:20])
    tinted = read_photo("stages/of/a/a_mask.png").array
    assert (tinted[4:12, 5:20, 0] >= 127).all()
    np.testing.assert_array_equal(tinted[12:], picture()[12:])


@pytest.mark.parametrize("convolution, maps", [("partial", [f"a_mask_{layer}.png" for layer in SHOWN]), ("vanilla", [])])
def test_weights_of_other_convolutions_and_their_maps(run, convolution, maps):
    write_pair()
    write_weights(random_generator(convolution, width=4), "weights.npz")
    files = dict(image="photos/a.png", mask="masks/a.png", output="results/a.png")
    assert run(**files, weights="weights.npz", save_stages="stages") == (0, "Wrote results/a.png.\n", [])
    assert sorted(path.name for path in pathlib.Path("stages").glob("a_*_*.png")) == sorted(maps)
    np.testing.assert_array_equal(read_photo("results/a.png").array, Inpainter("weights.npz", eager=True)(picture(), hole()))


def test_a_working_size_for_large_holes(run):
    write_pair(size=(200, 150))
    write_png("masks/a.png", 255 * np.pad(np.ones((150, 100, 1), np.uint8), [[25, 25], [25, 25], [0, 0]]))
    files = dict(image="photos/a.png", mask="masks/a.png", output="results/a.png")
    assert run(**files)[0] == 0
    original = read_photo("results/a.png").array
    assert run(**files, hd_strategy="crop", working_size=64)[0] == 0
    crop = read_photo("results/a.png").array
    assert (crop[25:175, 25:125] != original[25:175, 25:125]).mean() > 0.5
    np.testing.assert_array_equal(crop[:25], picture(200, 150)[:25])
    assert run(**files, hd_strategy="crop", working_size=200)[0] == 0
    np.testing.assert_array_equal(read_photo("results/a.png").array, original)


def test_sketch(run):
    write_pair()
    lines = np.zeros((20, 30, 1), np.uint8)
    lines[8] = 255
    write_png("sketch.png", lines)
    guided = str(DATA / "generator_guided")
    chosen = dict(image="photos/a.png", mask="masks/a.png", output="results/a.png")
    assert run(**chosen, sketch="sketch.png", weights=guided)[0] == 0
    np.testing.assert_array_equal(read_photo("results/a.png").array, Inpainter(guided)(picture(), hole(), lines[..., 0]))
    assert run(**chosen, sketch="sketch.png", weights=None)[0] == 0
    np.testing.assert_array_equal(read_photo("results/a.png").array, Inpainter("guided")(picture(), hole(), lines[..., 0]))
    assert "take no sketch" in run(**chosen, sketch="sketch.png")[2][0]
    assert "none was given" in run(**chosen, weights=guided)[2][0]


def test_a_folder_with_good_and_bad_pairs(run):
    for name, size in (("a", (20, 30)), ("b", (9, 33)), ("wrong_size", (20, 30)), ("no_mask", (20, 30))):
        write_pair(name, size)
    write_png("masks/wrong_size.png", hole(21, 30))
    pathlib.Path("masks/no_mask.png").unlink()
    pathlib.Path("photos/text.png").write_text("hello")
    write_png("masks/text.png", hole())
    status, printed, lines = run(image="photos", mask="masks", output="results", report="report.jsonl")
    assert status == 1 and printed == ""
    words = [
        ("left out photos/no_mask.png: ", "there is no mask for it in masks."),
        ("left out photos/text.png: ", "photos/text.png is not an image"),
        ("left out photos/wrong_size.png: ", "30x21 pixels"),
    ]
    assert len(lines) == 4 and all(line.startswith(begin) and end in line for line, (begin, end) in zip(lines, words))
    assert lines[-1] == "test_main.py: error: 2 completed, 3 left out."
    assert sorted(path.name for path in pathlib.Path("results").iterdir()) == ["a.png", "b.png"]
    reported = [json.loads(line) for line in pathlib.Path("report.jsonl").read_text().splitlines()]
    assert [line["status"] for line in reported] == ["completed", "completed", "left_out", "left_out", "left_out"]
    assert "30x21 pixels" in reported[-1]["reason"]


def test_a_good_folder_is_a_success_and_one_mask_serves_all(run):
    write_pair("a")
    write_pair("b")
    status, printed, lines = run(image="photos", mask="masks/a.png", output="results")
    assert (status, printed, lines) == (0, "Wrote 2 pictures to results.\n", [])


def test_empty_mask_returns_the_image_with_a_warning(run):
    write_pair()
    write_png("masks/a.png", hole() * 0)
    status, _, lines = run(image="photos/a.png", mask="masks/a.png", output="results/a.png")
    assert status == 0 and lines == ["warning: the mask masks/a.png is empty: photos/a.png is returned unchanged."]
    np.testing.assert_array_equal(read_photo("results/a.png").array, picture())
    # Nothing in the mask has the colour.
    _, _, lines = run(image="photos/a.png", mask="masks/a.png", output="results/a.png", mask_from="#00ff00")
    assert lines == ["warning: the mask masks/a.png is empty, by --mask_from=#00ff00: photos/a.png is returned unchanged."]


def test_a_mask_that_marks_most_of_a_photo_may_be_the_wrong_way_round(run):
    write_pair()
    write_png("masks/b.png", 255 - hole())
    said = "marks 80% of the photo as the hole (if that is what should stay:"
    files = dict(image="photos/a.png", output="results/a.png")
    assert run(**files, mask="masks/b.png")[2] == [f"note: The mask masks/b.png {said} --invert_mask)."]
    assert run(**files, mask="masks/a.png", invert_mask=True)[2] == [f"note: The mask masks/a.png {said} leave out --invert_mask)."]


@pytest.mark.parametrize(
    "chosen, words",
    [
        (dict(image="missing.png"), "There is no file missing.png."),
        (dict(mask="missing.png"), "There is no file missing.png."),
        (dict(mask="masks"), "The mask masks is a folder, and the image photos/a.png is not"),
        (dict(mask="masks/full.png"), "The mask masks/full.png covers the whole image"),
        (dict(mask="masks/large.png"), "masks/large.png is 31x20 pixels, not 30x20: --resize_mask"),
        (dict(image="text.png"), "text.png is not an image"),
        (dict(image="cut.jpg"), "cut.jpg is damaged or cut short"),
        (dict(output="text.png/a.png"), "The output folder text.png cannot be made: "),
        (dict(output="results/a.gif"), "must end in .png, .jpg"),
        (dict(output="photos/a.png"), "would replace an input"),
        (dict(image="photos", mask="masks", output="photos"), "would replace inputs"),
        (dict(image="empty", mask="masks", output="results"), "The folder empty holds no images"),
        (dict(weights="nowhere"), "There are no weights nowhere"),
        (dict(max_megapixels=0.0001), "30x20 pixels, more than the limit of 0.0001 megapixels; --max_megapixels raises it"),
        (dict(mask=None), "photos/a.png has no transparent part"),
        (dict(mask=None, mask_from="#ff0000"), "--mask_from goes with --mask: the file that marks the hole, which may be"),
        (dict(mask=None, invert_mask=True), "--invert_mask goes with --mask"),
        (dict(image="photos", mask="missing", output="results"), "There is no file or folder missing."),
        (dict(image=None), "--mask goes with --image"),
        (dict(mask=None, jobs="text.png"), "Give either --image or --jobs"),
        (dict(shard="0/3"), "--shard must be such as 3/16"),
        (dict(shard="4/3"), "--shard must be such as 3/16"),
        (dict(quality=101), "--quality must be from 1 to 100"),
        (dict(report="text.png/report.jsonl"), "Cannot write the report"),
        (dict(imagine="a.png"), "there is no flag --imagine: did you mean --image?"),
    ],
)
def test_bad_input_gets_one_clear_line(run, chosen, words):
    write_pair()
    write_png("masks/full.png", hole() * 0 + 255)
    write_png("masks/large.png", hole(20, 31))
    pathlib.Path("empty").mkdir()
    pathlib.Path("text.png").write_text("hello")
    write_png("whole.png", picture(60, 60))
    from PIL import Image

    Image.open("whole.png").save("cut.jpg")
    pathlib.Path("cut.jpg").write_bytes(pathlib.Path("cut.jpg").read_bytes()[:2000])
    before = sorted(pathlib.Path().rglob("*"))
    status, printed, lines = run(**{"image": "photos/a.png", "mask": "masks/a.png", "output": "results/a.png", **chosen})
    assert status == 1 and printed == "" and len(lines) == 1
    assert lines[0].startswith("test_main.py: error: ") and words in lines[0]
    assert sorted(pathlib.Path().rglob("*")) == before


def start(*arguments):
    command = [sys.executable, str(ROOT / "test_main.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "", "HOME": "."}, timeout=120)


def test_bundled_example_in_a_process_of_its_own():
    finished = start()
    note = 'note: the hole is thin, so it is completed with the weights "thin".\n'
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "Wrote completed.png.\n", note)
    assert read_photo("completed.png").array.shape == (300, 451, 3)


def test_stderr_of_a_process_of_its_own_is_one_line():
    finished = start("--image=missing.png", "--mask=missing.png")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == "test_main.py: error: There is no file missing.png.\n"
