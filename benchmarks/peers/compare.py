"""How long other implementations of DeepFill v2 take, with ours = 1: see README.md beside this file.

    python benchmarks/peers/compare.py --release=generative_inpainting --release_python=tf1/bin/python \\
      --port=deepfillv2-pytorch --port_python=torch/bin/python

Each system is a process in its own environment, with the same random weights of full width, and they take turns on the same
pictures: pixels in memory to pixels in memory. Printed are the medians of the rounds' ratios to ours of the same round, and how far
each result is from ours. A system whose path is not given is left out.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
ENVIRONMENT = dict(os.environ)  # Of the systems: TensorFlow 2, once imported, writes into it that TensorFlow 1 shall be like it.

import collections
import contextlib
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
from absl import app, flags
from drawn_holes import free_form, square
from lines import ANSWER
from random_weights import randomize

from gated_inpaint.models.deepfill_v2 import MODEL, Generator
from gated_inpaint.weights import weights_of, write_weights

FLAGS = flags.FLAGS
flags.DEFINE_string("release", None, "Checkout of the authors' release.")
flags.DEFINE_string("release_python", None, "Python with TensorFlow 1.15 and neuralgym.")
flags.DEFINE_string("port", None, "Checkout of nipponjo's port to PyTorch.")
flags.DEFINE_string("port_python", None, "Python with PyTorch.")
flags.DEFINE_list("cases", ["256 strokes", "512 strokes", "512 square", "1024 square"], "Side and hole: square is one of 5%.")
flags.DEFINE_integer("rounds", 5, "Rounds of one completion by each system, after one that prepares.")


class System:
    """A process that answers questions as `lines` says."""

    def __init__(self, name, python, script, *arguments):
        self.name, self.remarks = name, tempfile.TemporaryFile("w+")
        command = [python, str(HERE / script), *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.remarks}
        self.process = subprocess.Popen(command, text=True, env=ENVIRONMENT, **pipes)

    def __call__(self, source, target):
        """Seconds that a completion takes."""
        with contextlib.suppress(BrokenPipeError):
            print(source, target, sep="\t", file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                return float(line[len(ANSWER) :])
        self.remarks.seek(0)
        sys.exit(f"{self.name} ended, exit status {self.process.wait()}:\n{self.remarks.read()[-3000:]}")

    def end(self):
        self.process.kill()
        self.process.wait()


def systems(folder):
    """Those whose paths are given, ours first, with the same weights."""
    weights = weights_of(MODEL, randomize(Generator()))
    write_weights(folder / "weights.npz", weights)
    yield System("ours", sys.executable, "ours.py", folder / "weights.npz")
    if FLAGS.release:
        write_weights(folder / "snap-0", weights)
        yield System("release", FLAGS.release_python, "release.py", os.path.abspath(FLAGS.release), folder / "snap-0")
    if FLAGS.port:
        arguments = FLAGS.port_python, "port.py", os.path.abspath(FLAGS.port), folder / "weights.npz"
        yield System("port", *arguments)
        yield System("port, channels last", *arguments, "channels_last")


def difference(name, picture, image, mask, ours):
    """Mean levels between a system's picture and ours in the hole; ends where it is not the image with its hole completed."""
    if picture.shape != image.shape or picture.dtype != image.dtype:
        sys.exit(f"{name} made a picture of {picture.dtype} {picture.shape} from one of {image.dtype} {image.shape}.")
    changes = np.abs(np.float32(picture) - image)
    if changes[~mask].max() > 1 or changes[mask].mean() < 1:  # The release takes levels apart and rounds down.
        sys.exit(f"{name} changed the hole by {changes[mask].mean():.1f} levels, known pixels by up to {changes[~mask].max():.0f}.")
    return float(np.abs(np.float32(picture) - ours)[mask].mean())


def compare(case, running, folder):
    """Prints a row."""
    size, kind = case.split()
    size = int(size)
    mask = free_form(size) if kind == "strokes" else square(size, size, 0.05)
    image = np.random.default_rng(size).integers(0, 256, [size, size, 3], dtype=np.uint8)
    source, target = folder / "source.npz", folder / "target.npy"
    np.savez(source, image=image, mask=mask)
    pictures, times = [], collections.defaultdict(list)
    for system in running:
        system(source, target)
        pictures.append(np.load(target))
    for _ in range(FLAGS.rounds):
        for system in running:
            times[system.name].append(system(source, target))
    columns = [f"1 ({statistics.median(times['ours']):.2f} s)"]
    for system, picture in zip(running[1:], pictures[1:]):
        ratio = statistics.median(peer / ours for peer, ours in zip(times[system.name], times["ours"]))
        columns.append(f"{ratio:.1f} ({difference(system.name, picture, image, mask, pictures[0]):.2f})")
    difference("ours", pictures[0], image, mask, pictures[0])
    print(f"| {size}x{size}, {kind} {100 * mask.mean():.0f}% | " + " | ".join(columns) + " |", flush=True)


def load():
    return "load {:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg())


def main(_):
    for peer in ("release", "port"):
        if FLAGS[peer].value and not FLAGS[f"{peer}_python"].value:
            sys.exit(f"--{peer} needs --{peer}_python, the Python that it runs in.")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder, running = pathlib.Path(name), []
        for system in systems(folder):
            stack.callback(system.end)
            running.append(system)
        print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors, {load()}, {FLAGS.rounds} rounds\n")
        print("| hole | " + " | ".join(system.name for system in running) + " |\n" + "|---" * (1 + len(running)) + "|", flush=True)
        for case in FLAGS.cases:
            compare(case, running, folder)
        print(f"\n{load()} at the end")


if __name__ == "__main__":
    app.run(main)
