"""Kills a training at random moments, again and again, and compares how it ends with one that was left alone.

    python benchmarks/kills.py --data=photos/ --kills=25

A checkpoint is written at every step, so that many kills fall into the writing of one. Each start must go on; the last
one ends the run, whose weights must be those of the other to the bit.
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_string("data", None, "Photos, as train_main.py takes them.", required=True)
flags.DEFINE_integer("kills", 25, "How often the run is killed.")
flags.DEFINE_integer("steps", 400, "Steps of the run.")
flags.DEFINE_integer("seed", 0, "Of the moments.")

ROOT = pathlib.Path(__file__).parents[1]


def start(run_dir):
    options = "--size=16 --width=4 --discriminator_width=4 --batch_size=2 --checkpoint_every=1 --summarize_every=50".split()
    command = [
        sys.executable,
        str(ROOT / "train_main.py"),
        f"--run_dir={run_dir}",
        f"--data={FLAGS.data}",
        f"--steps={FLAGS.steps}",
    ]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def steps_of(run_dir):
    return max((int(path.stem.split("-")[1]) for path in (run_dir / "checkpoints").glob("step-*.index")), default=0)


def main(_):
    draw = random.Random(FLAGS.seed)
    with tempfile.TemporaryDirectory() as folder:
        straight, killed = pathlib.Path(folder, "straight"), pathlib.Path(folder, "killed")
        printed, _ = start(straight).communicate()
        assert (straight / "weights.npz").exists(), printed[-2000:]
        for number in range(FLAGS.kills):
            process, begun = start(killed), steps_of(killed)
            # Until it trains, then for a moment; sometimes while it still starts.
            waits_for_steps = draw.random() < 0.8
            until = time.monotonic() + 120
            while waits_for_steps and steps_of(killed) == begun and process.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(draw.uniform(0, 1.5))
            process.kill()
            printed, _ = process.communicate()
            assert "error" not in printed.lower().replace("errors", ""), printed[-2000:]
            left = sorted(path.name for path in killed.glob(".*"))
            print(f"kill {number + 1}: at step {steps_of(killed)}, left {', '.join(left) or 'nothing'}", flush=True)
        printed, _ = start(killed).communicate()
        first, second = (np.load(run / "weights.npz") for run in (straight, killed))
        same = all(np.array_equal(first[name], second[name]) for name in first.files)
        print(
            f"ended at step {steps_of(killed)} of {FLAGS.steps}; weights {'are' if same else 'are NOT'} those of a run left alone"
        )
        left = sorted(path.name for path in killed.glob(".*"))
        print(f"left over: {', '.join(left) or 'nothing'}")
        return 0 if same and not left else 1


if __name__ == "__main__":
    app.run(main)
