import json

import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint.commands.main import run as run_command
from gated_inpaint.training.report import Curve, find_warnings, hours_of, write_report


def curve(*values, times=None):
    steps = np.arange(1, len(values) + 1)
    return Curve(steps, np.array(values, float), steps * 60.0 if times is None else np.array(times, float))


def falling(start, end, number=50):
    return curve(*np.linspace(start, end, number))


@pytest.mark.parametrize(
    "name, logged, words",
    [
        ("loss/discriminator", falling(1.0, 0.0), "the critic has won"),
        ("loss/critics", falling(1.0, 0.0), "the critic has won"),
        ("loss/discriminator", curve(*[1.0] * 9), "the critic tells nothing yet"),
        ("validation/l1_in_hole", curve(9.0, 8.0, *[9.0] * 5), "was 8.00% at step 2: the error rises"),
        ("validation/total_variation", falling(6.0, 1.0), "a collapse"),
        ("loss/generator", curve(1.0, 2.0, float("nan"), 3.0), "no longer finite from step 3 on"),
    ],
)
def test_what_looks_wrong_is_said(name, logged, words):
    (found,) = find_warnings({name: logged})
    assert found.startswith(name) and words in found


def test_what_is_healthy_is_not_said():
    healthy = {
        "loss/discriminator": falling(1.0, 0.6),
        "loss/generator": falling(0.5, 0.01),
        "loss/critics_adversarial": falling(0.5, 0.0),
        "validation/l1_in_hole": curve(9.0, 8.0, *[8.3] * 5),
        "validation/total_variation": falling(5.0, 4.0),
        "validation/psnr": curve(20.0, float("inf")),
    }
    assert find_warnings(healthy) == []


def test_hours_leave_out_the_time_in_which_the_run_had_stopped():
    minutes = [0, 1, 2, 3, 500, 501, 502]
    times = 60.0 * np.array(minutes)
    logged = {"loss/a": curve(*minutes, times=times), "loss/b": curve(*minutes, times=times + 1e-4)}
    np.testing.assert_allclose(hours_of(logged), 5 / 60, rtol=1e-3)


@pytest.fixture
def run(tmp_path):
    """A folder as two processes of one run leave it: the second went on from step 4, and logged 5 and 6 again."""
    (tmp_path / "options.json").write_text(json.dumps({"model": "deepfill_v2", "steps": 10, "batch_size": 8, "data": "<photos>"}))
    for steps, loss in ((range(1, 7), 1.0), (range(5, 9), 2.0)):
        with tf.summary.create_file_writer(str(tmp_path / "tensorboard"), filename_suffix=f".{loss}").as_default():
            for step in steps:
                tf.summary.scalar("loss/generator", loss, step)
            tf.summary.image("validation/photo", np.full((1, 4, 4, 3), 100, np.uint8), steps[-1])
    return tmp_path


def test_the_page_shows_every_curve_and_picture(run, capsys):
    assert run_command("train_report", [str(run)], "train_report") == 0 and "report.html" in capsys.readouterr().out
    page = (run / "report.html").read_text()
    assert "deepfill_v2: 8 of 10 steps, 64 images" in page
    assert "loss/generator: 2 at step 8, recent median 2" in page and page.count("<polyline") == 1
    assert page.count("data:image/png;base64,") == 2 and "step 6" in page and "step 8" in page
    assert "--data=&lt;photos&gt;" in page and "Nothing, by these rules" in page


def test_the_page_says_what_looks_wrong(run):
    with tf.summary.create_file_writer(str(run / "tensorboard"), filename_suffix=".more").as_default():
        tf.summary.scalar("loss/discriminator", 0.0, 9)
    assert '<p class="warning">loss/discriminator ends at 0.000: the critic has won' in write_report(run).read_text()


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert run_command("train_report", [str(tmp_path)], "train_report") == 1
    assert "There is no run in " in capsys.readouterr().err
