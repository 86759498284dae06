"""Time and peak memory of completing a hole, by the size of the picture: the whole network against the holes alone, and tiles.

    python benchmarks/sizes.py --sizes=512x512,1024x1024,1920x1080
    python benchmarks/sizes.py --sizes=3000x2000,6000x4000 --methods=auto --kind=scratches --hole=0.05 --calls=0

Each row is a process of its own: the peak is that of its resident memory, TensorFlow and weights included, and the time the best of
some calls after a first one, which prepares. CPU seconds are those of the first call: on a machine that others load, seconds are
more than they would be alone. `dense` calls the generator on the whole picture, with attention as whole matrices; `holes` is what
`Inpainter` does by its strategy "original"; `auto` and `tiles` are its strategies of these names.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags
from drawn_holes import scratches, square

FLAGS = flags.FLAGS
flags.DEFINE_list("sizes", ["256x256", "512x512", "1024x1024", "1920x1080"], "WIDTHxHEIGHT of the pictures.")
flags.DEFINE_list("methods", ["dense", "holes"], "What to measure; dense needs much memory for large pictures.")
flags.DEFINE_float("hole", 0.02, "Share of the picture that the hole takes.")
flags.DEFINE_enum("kind", "square", ["square", "scratches"], "The hole: a square in the middle, or curves of 4 pixels all over.")
flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], "Precision of the convolutions.")
flags.DEFINE_integer("calls", 3, "Calls of which the best is printed.")
flags.DEFINE_string("weights", None, "What test_main.py takes; none: random ones of full width.")


def main(arguments):
    if len(arguments) == 3:
        return measure(*arguments[1:])
    with tempfile.TemporaryDirectory() as folder:
        weights = FLAGS.weights or random_weights(pathlib.Path(folder) / "random.npz")
        print("| picture | method | seconds | first call | its CPU seconds | peak memory |\n" + "|---" * 6 + "|", flush=True)
        for size in FLAGS.sizes:
            for method in FLAGS.methods:
                options = [
                    f"--hole={FLAGS.hole}",
                    f"--kind={FLAGS.kind}",
                    f"--precision={FLAGS.precision}",
                    f"--calls={FLAGS.calls}",
                    f"--weights={weights}",
                ]
                child = subprocess.run([sys.executable, __file__, *options, size, method], capture_output=True, text=True)
                made = child.stdout.strip() if child.returncode == 0 else f"not completed (exit status {child.returncode}) | | "
                print(f"| {size} | {method} | {made} |", flush=True)


def random_weights(path):
    """Writes weights of full width."""
    from random_weights import randomize

    from gated_inpaint.models.deepfill_v2 import MODEL, Generator
    from gated_inpaint.weights import weights_of, write_weights

    write_weights(path, weights_of(MODEL, randomize(Generator())))
    return path


def measure(size, method):
    import tensorflow as tf

    from gated_inpaint import Inpainter
    from gated_inpaint.types import Inputs

    width, height = map(int, size.split("x"))
    image = np.random.default_rng(0).integers(0, 256, [height, width, 3], dtype=np.uint8)
    mask = square(height, width, FLAGS.hole) if FLAGS.kind == "square" else scratches_all_over(height, width)
    inpainter = Inpainter(FLAGS.weights, FLAGS.precision, hd_strategy="original" if method in ("dense", "holes") else method)
    if method == "dense":
        shape = [1, height - height % 8, width - width % 8]
        inputs = tf.random.uniform([*shape, 3], -1, 1), tf.constant(mask[None, : shape[1], : shape[2], None], tf.float32)
        generate = tf.function(lambda image, mask: inpainter.network(Inputs(image, mask)).composite)

        def complete():
            generate(*inputs).numpy()
    else:

        def complete():
            inpainter(image, mask)

    times, used = [], []
    for _ in range(1 + FLAGS.calls):
        start, used_before = time.perf_counter(), time.process_time()
        complete()
        times.append(time.perf_counter() - start)
        used.append(time.process_time() - used_before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{min(times[1:] or times):.2f} | {times[0]:.2f} | {used[0]:.1f} | {peak:.2f} GiB")


def scratches_all_over(height, width):
    """As many dozens of curves as it takes."""
    mask, seed = np.zeros([height, width], bool), 0
    while mask.mean() < FLAGS.hole:
        mask |= scratches(np.random.default_rng(seed), height, width) > 0
        seed += 1
    return mask


if __name__ == "__main__":
    app.run(main)
