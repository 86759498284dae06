"""Runs that tests start, kill and compare: small photos, train_main.py in a process of its own, and what checkpoints hold."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import tensorflow as tf

from gated_inpaint.training.checkpoints import Checkpoints

ROOT = pathlib.Path(__file__).parents[1]


def write_photos(folder, number, size=(48, 40), levels=256):
    """Writes photos 0.png, 1.png, ... of a size (width, height), with levels below the one given; returns the folder."""
    rng = np.random.default_rng(0)
    for index in range(number):
        small = rng.integers(0, levels, (5, 6, 3), np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), cv2.resize(small, size, interpolation=cv2.INTER_CUBIC))
    return folder


def start(options, environment=None, limit=None, **more):
    """Starts train_main.py with options, and more flags; `limit` is called in the process before it."""
    names = json.loads(json.dumps({**vars(options), **more}))
    flags = [f"--{name}={value}" for name, value in names.items() if value is not None]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "train_main.py"), *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=limit,
    )


def wait_for(path, process, seconds=300):
    until = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, f"{path} did not come"
        time.sleep(0.05)


def as_killed_at(step, run_dir, folder):
    """Copies a run's folder as a kill behind the checkpoint of a step would have left it; returns the copy.

    That a process can be killed at any moment is shown for the loop, once (test_loop); what a model adds is in its checkpoints.
    """
    shutil.copytree(run_dir, folder)
    for path in (folder / "checkpoints").glob("step-*"):
        if int(path.name.split("-")[1].split(".")[0]) > step:
            path.unlink()
    return folder


def state(run_dir, step=None):
    """All that a checkpoint of a run holds, by name; the newest one if no step is named."""
    folder = pathlib.Path(run_dir) / "checkpoints"
    reader = tf.train.load_checkpoint(str(folder / f"step-{step}" if step else Checkpoints(folder, None, 1).newest()))
    names = [name for name in reader.get_variable_to_shape_map() if not name.startswith("_CHECKPOINTABLE")]
    return {name: reader.get_tensor(name) for name in sorted(names)}


def assert_same_state(first, second, at_least=100):
    """The newest checkpoints of two runs hold the same, to the bit, and no fewer values than said."""
    first, second = state(first), state(second)
    assert first.keys() == second.keys() and len(first) > at_least
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
