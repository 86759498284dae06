"""Whole evaluations: small networks on small pictures; in processes that are killed and resumed."""

import csv
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from test_perceptual import save_network

from gated_inpaint import InputError
from gated_inpaint.commands.main import run as run_command
from gated_inpaint.evaluation import tables
from gated_inpaint.evaluation.methods import mean, opencv, weights
from gated_inpaint.files.image_files import read_photo, write_png

METHODS = f"small=weights:{DATA / 'generator'},telea,mean"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(6):
        small = rng.integers(0, 256, (5, 6, 3), np.uint8)
        write_png(folder / f"{number}.png", cv2.resize(small, (48, 40), interpolation=cv2.INTER_CUBIC))
    return folder


def command(photos, output, *more):
    chosen = [f"--images={photos}", f"--output={output}", "--size=32", "--sheet_photos=2", f"--methods={METHODS}"]
    return [*chosen, *map(str, more)]


@pytest.fixture
def run(capfd):
    """Runs the command; returns the exit status, what it printed, and the lines on stderr."""

    def run(*arguments):
        status = run_command("evaluate", command(*arguments), "evaluate")
        captured = capfd.readouterr()
        return status, captured.out, captured.err.splitlines()

    return run


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """The folder of an evaluation that ran from its beginning to its end."""
    output = tmp_path_factory.mktemp("straight") / "made/by/it"
    assert run_command("evaluate", command(photos, output), "evaluate") == 0
    return output


def read_rows(folder):
    with open(folder / "rows.csv", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_rows_are_what_the_saved_pictures_say(straight):
    rows = read_rows(straight)
    labels = [(row["photo"], row["masks"], row["method"]) for row in rows]
    assert labels == list(itertools.product("012345", ("centre", "free_form"), ("small", "telea", "mean")))
    saved = 0
    for row in rows:
        path = straight / f"pictures/completed/{row['method']}/{row['masks']}/{row['photo']}.png"
        assert path.exists() == (row["photo"] in ("0", "3"))
        if path.exists():
            photo = read_photo(straight / f"pictures/photos/{row['photo']}.png").array.astype(np.float64)
            mask = read_photo(straight / f"pictures/masks/{row['masks']}/{row['photo']}.png").array[..., 0] == 255
            difference = np.abs(photo - read_photo(path).array) / 255
            assert not difference[~mask].any() and float(row["hole_ratio"]) == mask.mean()
            np.testing.assert_allclose(float(row["l1"]), 100 * difference.mean(), rtol=1e-12)
            np.testing.assert_allclose(float(row["l2"]), 100 * (difference**2).mean(), rtol=1e-12)
            np.testing.assert_allclose(float(row["l1_in_hole"]), 100 * difference[mask].mean(), rtol=1e-12)
            saved += 1
    assert saved == 12


def test_tables_are_means_of_the_rows(straight):
    rows = read_rows(straight)
    measured = json.loads((straight / "results.json").read_text())["measured"]
    assert list(measured) == ["centre", "free_form"] and list(measured["centre"]) == ["all", "20-30%"]
    table = (straight / "table.md").read_text()
    for kind in measured:
        for method in ("small", "telea", "mean"):
            of_method = [row for row in rows if (row["masks"], row["method"]) == (kind, method)]
            for metric in ("l1", "l2", "l1_in_hole", "psnr", "ssim", "total_variation"):
                expected = np.mean([float(row[metric]) for row in of_method])
                np.testing.assert_allclose(measured[kind]["all"]["methods"][method][metric], expected, rtol=1e-12)
            l1 = measured[kind]["all"]["methods"][method]["l1"]
            assert f"| all | 6 | {method} | {l1:.2f} |" in table.split(f"masks {kind}\n")[1].split("##")[0]
        parts = {part: found["pictures"] for part, found in measured[kind].items()}
        assert parts.pop("all") == 6 == sum(parts.values())
        for part, number in parts.items():
            low, high = (int(bound) / 100 for bound in part.rstrip("%").split("-"))
            inside = [row for row in rows if row["masks"] == kind and low < float(row["hole_ratio"]) <= high]
            assert len(inside) == 3 * number
            of_mean = np.mean([float(row["psnr"]) for row in inside if row["method"] == "mean"])
            np.testing.assert_allclose(measured[kind][part]["methods"]["mean"]["psnr"], of_mean, rtol=1e-12)


@pytest.mark.parametrize(
    "ratio, part",
    [(1e-4, "0-10%"), (0.1, "0-10%"), (0.1001, "10-20%"), (0.25, "20-30%"), (0.7, "60-70%"), (1, "90-100%")],
)
def test_bounds_of_parts(ratio, part):
    row = {"masks": "centre", "method": "mean", "hole_ratio": ratio, "l1": 1.0, "total_variation_of_photo": 2.0}
    assert list(tables.summarize([row], ["centre"], ["mean"], ["l1"])["centre"]) == ["all", part]


def test_published_figures_stand_apart_and_formulas_are_given(straight):
    table = (straight / "table.md").read_text()
    measured, published = table.split("## Published references, not measured here\n")
    assert "| Gated, SN-PatchGAN | 8.6 | 2.0 | 9.1 | 1.6 |" in published and "Gated" not in measured
    assert "- l1: mean over pixels and channels of |photo - completed|, in percent" in measured


def test_sheet_shows_spread_photos_by_every_method(straight):
    sheet = read_photo(straight / "sheet.png").array
    assert sheet.shape == (4 * (20 + 32 + 8), 5 * (32 + 8), 3)  # Two photos with two masks; photo, hole and three methods.
    for row, (photo, kind) in enumerate((photo, kind) for photo in "03" for kind in ("centre", "free_form")):
        tiles = [sheet[row * 60 + 24 : row * 60 + 56, column * 40 + 4 : column * 40 + 36] for column in range(5)]
        np.testing.assert_array_equal(tiles[0], read_photo(straight / f"pictures/photos/{photo}.png").array)
        mask = read_photo(straight / f"pictures/masks/{kind}/{photo}.png").array[..., 0] == 255
        assert (tiles[1][mask] == 255).all()
        np.testing.assert_array_equal(tiles[1][~mask], tiles[0][~mask])
        for tile, method in zip(tiles[2:], ("small", "telea", "mean")):
            np.testing.assert_array_equal(tile, read_photo(straight / f"pictures/completed/{method}/{kind}/{photo}.png").array)
        labels = sheet[row * 60 + 4 : row * 60 + 24]
        assert all((labels[:, column * 40 : column * 40 + 40] < 128).any() for column in range(5))


def test_the_same_command_again_gives_the_same_files(straight, run, photos, tmp_path):
    for _ in range(2):  # Into a folder of its own, and over what is there.
        status, printed, lines = run(photos, tmp_path / "again")
        assert (status, lines) == (0, []) and printed.startswith((straight / "table.md").read_text())
        assert contents(tmp_path / "again") == contents(straight)


def test_killed_and_resumed_ends_as_one_that_was_not(straight, photos, tmp_path, run):
    output = tmp_path / "killed"
    arguments = [sys.executable, "-m", "gated_inpaint.evaluation", *command(photos, output)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rows, until = output / "rows.csv", time.monotonic() + 120
    while not rows.exists() or rows.read_bytes().count(b"\n") < 4:
        assert process.poll() is None and time.monotonic() < until, process.communicate()[0]
        time.sleep(0.0005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = rows.read_bytes()
    assert 4 <= before.count(b"\n") < 37 and not (output / "results.json").exists()

    status, _, (line,) = run(photos, output)
    assert status == 1 and "holds an unfinished evaluation: --resume goes on with it" in line
    assert run(photos, output, "--resume")[0] == 0
    assert rows.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    assert contents(output) == contents(straight)


def test_resuming_does_no_row_again_but_the_one_that_was_cut_off(straight, photos, tmp_path, run, monkeypatch):
    output = tmp_path / "cut"
    shutil.copytree(straight, output)
    (output / "results.json").unlink()
    whole = (output / "rows.csv").read_bytes()
    (output / "rows.csv").write_bytes(b"".join(whole.splitlines(keepends=True)[:-5])[:-7])  # The sixth from the end is cut.
    done = []

    def note(complete):
        def noted(self, image, mask, key):
            done.append(key)
            assert not image[mask].any() and image[~mask].any()  # No method sees what was in the hole.
            return complete(self, image, mask, key)

        return noted

    for kind in (mean.Mean, opencv.OpenCV, weights.Weights):
        monkeypatch.setattr(kind, "complete", note(kind.complete))
    assert run(photos, output, "--resume")[0] == 0
    assert done == [("5", "centre")] * 3 + [("5", "free_form")] * 3
    assert contents(output) == contents(straight)
    assert run(photos, output, "--resume")[0] == 0 and len(done) == 6


def test_resuming_with_other_options_is_refused_with_the_difference_named(straight, photos, tmp_path, run):
    output = tmp_path / "resumed"
    shutil.copytree(straight, output)
    before = contents(output)
    for more, words in (
        ("--seed=7", "--seed was 0 and is now 7"),
        ("--methods=telea,mean", "method small was"),
        ("--masks=centre", "--masks was ['centre', 'free_form'] and is now ['centre']"),
    ):
        status, printed, (line,) = run(photos, output, "--resume", more)
        assert (status, printed) == (1, "") and "holds an evaluation with other options" in line and words in line
    others = tmp_path / "others"
    shutil.copytree(photos, others)
    shutil.copy(others / "0.png", others / "6.png")
    status, _, (line,) = run(others, output, "--resume")
    assert status == 1 and "photos was '6, digest" in line and "is now '7, digest" in line
    assert contents(output) == before


@pytest.mark.parametrize(
    "name, content, words",
    [
        (
            "rows.csv",
            "photo,masks,method\n",
            "has the columns photo,masks,method, and this evaluation photo,masks,method,hole",
        ),
        ("rows.csv", "6,centre,mean,0.25,much\n", "line 38, is no row of this evaluation"),
        ("rows.csv", "0,centre,mean" + 8 * ",0.25" + "\n", "line 38, is no row of this evaluation, or there twice"),
        ("rows.csv", "6,centre,mean" + 8 * ",0.25" + "\n", "line 38, is no row of this evaluation"),
        ("options.json", "[1, 2]", "cannot be read"),
        ("options.json", "{", "options.json, which says what the rows beside it follow from, cannot be read"),
    ],
)
def test_damaged_records_are_named(straight, photos, tmp_path, run, name, content, words):
    output = tmp_path / "damaged"
    shutil.copytree(straight, output)
    before = (output / name).read_text() if "line 38" in words else ""
    (output / name).write_text(before + content)
    status, printed, (line,) = run(photos, output, "--resume")
    assert (status, printed) == (1, "") and words in line


def test_a_replaced_evaluation_leaves_nothing_of_the_old_one(straight, photos, tmp_path, run, monkeypatch):
    output = tmp_path / "replaced"
    shutil.copytree(straight, output)

    def fail(self, image, mask, key):
        raise InputError("It was killed here.")

    monkeypatch.setattr(mean.Mean, "complete", fail)
    assert run(photos, output, "--methods=mean")[0] == 1
    assert {path.name for path in output.iterdir()} == {"options.json", "rows.csv", "pictures"}


def test_pictures_that_are_gone_are_made_again(straight, photos, tmp_path, run):
    output = tmp_path / "resumed"
    shutil.copytree(straight, output)
    (output / "results.json").unlink()
    shutil.rmtree(output / "pictures/completed/telea")
    shutil.rmtree(output / "pictures/masks")
    assert run(photos, output, "--resume")[0] == 0
    assert contents(output) == contents(straight)


def test_fid_and_masks_are_refused_before_anything_is_done(photos, tmp_path, run):
    features = save_network(tmp_path / "features", lambda weight, picture: tf.reduce_mean(weight * picture, axis=[1, 2]), inputs=1)
    status, _, (line,) = run(photos / "0.png", tmp_path / "scores", f"--fid_network={features}", "--save_pictures")
    assert status == 1 and "FID needs at least two photos" in line
    status, _, (line,) = run(photos, photos.parent / "photos0", f"--masks={photos}", f"--output={photos}/../{photos.name}")
    assert status == 1 and "its pictures would be taken for photos" in line
    shutil.copytree(photos, tmp_path / "masks")
    status, _, (line,) = run(photos, tmp_path / "masks", f"--masks={tmp_path / 'masks'}")
    assert status == 1 and "is a folder of masks" in line
    assert not (tmp_path / "scores").exists()


def test_an_equal_picture_does_not_hide_the_others(photos, tmp_path, run):
    """The mean colour completes a picture of one colour exactly: its PSNR is infinite."""
    shutil.copytree(photos, tmp_path / "photos")
    write_png(tmp_path / "photos/0.png", np.full((40, 40, 3), 90, np.uint8))
    assert run(tmp_path / "photos", tmp_path / "scores", "--methods=mean", "--masks=centre")[0] == 0
    rows = [float(row["psnr"]) for row in read_rows(tmp_path / "scores")]
    assert rows[0] == np.inf
    measured = json.loads((tmp_path / "scores/results.json").read_text())["measured"]["centre"]["all"]["methods"]["mean"]
    np.testing.assert_allclose(measured["psnr"], np.mean(rows[1:]))


def test_scores_of_a_folder_are_those_of_the_method_that_made_it(straight, photos, tmp_path, run):
    assert run(photos, tmp_path / "first", "--methods=telea", "--save_pictures")[0] == 0
    of_folder = f"theirs=folder:{tmp_path / 'first/pictures/completed/telea'}"
    assert run(photos, tmp_path / "second", f"--methods={of_folder}")[0] == 0
    expected = [{**row, "method": "theirs"} for row in read_rows(straight) if row["method"] == "telea"]
    assert read_rows(tmp_path / "second") == expected


def test_lpips_and_fid_with_the_users_networks(photos, tmp_path, run):
    features = save_network(tmp_path / "features", lambda weight, picture: tf.reduce_mean(weight * picture, axis=[1, 2]), inputs=1)
    distance = save_network(tmp_path / "distance", lambda weight, one, other: tf.reduce_mean(tf.abs(one - other)), inputs=2)
    more = ["--methods=telea,mean", f"--fid_network={features}", f"--lpips_network={distance}"]
    status, _, (line,) = run(photos, tmp_path / "scores", *more)
    assert status == 1 and "--fid_network needs --save_pictures" in line
    status, printed, _ = run(photos, tmp_path / "scores", *more, "--save_pictures")
    assert status == 0 and "| LPIPS | FID |" in printed
    measured = json.loads((tmp_path / "scores/results.json").read_text())["measured"]
    for kind, parts in measured.items():
        for method, means in parts["all"]["methods"].items():
            np.testing.assert_allclose(means["lpips"], 2 * means["l1"] / 100, rtol=1e-5)
            colours = [
                3 * np.mean([read_photo(tmp_path / f"scores/pictures/{name}/{photo}.png").array for photo in range(6)], axis=(1, 2))
                for name in ("photos", f"completed/{method}/{kind}")
            ]
            shift = ((colours[0].mean(axis=0) - colours[1].mean(axis=0)) ** 2).sum()
            assert shift < means["fid"] < shift + sum(np.trace(np.cov(one, rowvar=False)) for one in colours)
    assert measured["centre"]["all"]["methods"]["mean"]["fid"] > 0


@pytest.mark.parametrize(
    "more, words",
    [
        ("--images=nowhere", "There are no photos nowhere"),
        ("--images=empty", "holds no photos"),
        ("--masks=centre,circles", "'circles' are neither"),
        ("--masks=holes", "4 of 6 photos have no mask of their name in holes: 2, 3, 4, 5."),
        (
            "--methods=mean,theirs=folder:theirs",
            "theirs: 10 of 12 completed pictures are not in theirs: 0 (free_form), 1 (cent",
        ),
        ("--methods=nothing", "There is no method 'nothing'"),
        ("--methods=", "--methods must name at least one"),
        ("--output=photos/in/it", "its pictures would be taken for photos"),
        ("--size=10", "--size must be at least 32"),
        ("--output=", "--output must name a folder"),
        ("--masks=all_holes", "2 of 6 masks of all_holes cannot be used: all_holes/2.png is empty"),
        ("--seed=-1", "--seed must be from 0"),
        ("--sheet_photos=0", "--sheet_photos must be at least 1"),
        ("--lpips_network=nowhere", "nowhere is no SavedModel"),
    ],
)
def test_bad_input_gets_one_clear_line_and_nothing_is_written(photos, tmp_path, monkeypatch, run, more, words):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(photos, "photos")
    for path in ("empty", "holes/0.png", "holes/1.png", "theirs/centre/0.png", "theirs/free_form/5.png", "theirs/free_form/6.png"):
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("photos/0.png", path) if path.endswith(".png") else os.mkdir(path)
    os.mkdir("all_holes")
    for number in range(6):
        mask = np.zeros((16, 16, 1), np.uint8)
        mask[8:10] = 255 * (number not in (2, 4))
        write_png(f"all_holes/{number}.png", mask)
    before = sorted(tmp_path.rglob("*"))
    status, printed, lines = run("photos", "results", more)
    assert (status, printed, len(lines)) == (1, "", 1)
    assert lines[0].startswith("evaluate: error: ") and words in lines[0]
    assert sorted(tmp_path.rglob("*")) == before


def test_stderr_of_a_process_of_its_own_is_one_line(tmp_path):
    arguments = [sys.executable, "-m", "gated_inpaint.evaluation", "--images=nowhere", f"--output={tmp_path / 'results'}"]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    finished = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=120)
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1)
    assert finished.stderr.startswith("python -m gated_inpaint.evaluation: error: There are no photos nowhere")
