"""How much faster a picture is completed by its holes than as a whole, both in one process.

    python benchmarks/holes.py --sizes=256,512,1024

Each size is measured with a square hole that takes 5% of the picture, and with free-form strokes of about 30%. `whole` is the
generator on the whole picture, `holes` what `Inpainter` computes by its strategy "original"; they take turns, and medians are
printed.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics

import tensorflow as tf
from absl import app, flags
from arithmetic import seconds
from drawn_holes import free_form, square
from random_weights import randomize

from gated_inpaint.inference.holes import complete_holes
from gated_inpaint.models.deepfill_v2 import Generator
from gated_inpaint.types import Inputs
from gated_inpaint.weights.loading import KERAS_DTYPES

FLAGS = flags.FLAGS
flags.DEFINE_list("sizes", ["256", "512", "1024"], "Heights and widths to measure; multiples of 8.")
flags.DEFINE_list("precisions", ["float32"], "Of float32 and bfloat16; ratios are to the first one's whole picture.")
flags.DEFINE_integer("rounds", 5, "Rounds of one call each.")


def functions(precision):
    """The generator on whole pictures and on holes alone, with random weights."""
    generator = randomize(Generator(dtype=KERAS_DTYPES[precision]))
    pictures = [tf.TensorSpec([None, None, None, channels]) for channels in (3, 1)]
    whole = tf.function(lambda image, mask: generator(Inputs(image, mask)).composite, input_signature=pictures)
    holes = tf.function(lambda image, mask: complete_holes(generator, Inputs(image, mask)).composite, input_signature=pictures)
    return whole, holes


def main(_):
    ways = [way for precision in FLAGS.precisions for way in functions(precision)]
    print(f"TensorFlow {tf.__version__}, full width, seconds and speed against {FLAGS.precisions[0]} whole")
    for size in map(int, FLAGS.sizes):
        image = tf.random.uniform([1, size, size, 3], -1, 1)
        for name, hole in (("square hole", square(size, size, 0.05)), ("free-form holes", free_form(size))):
            mask = tf.constant(hole[None, ..., None], tf.float32)
            rounds = [[seconds(way, image, mask) for way in ways] for _ in range(1 + FLAGS.rounds)][1:]
            names = [f"{precision} {way}" for precision in FLAGS.precisions for way in ("whole", "holes")]
            times = [statistics.median(column) for column in zip(*rounds)]
            figures = ", ".join(f"{way} {time:.3f} (x{times[0] / time:.2f})" for way, time in zip(names, times))
            print(f"{size}x{size}, {name} {100 * hole.mean():.0f}%: {figures}", flush=True)


if __name__ == "__main__":
    app.run(main)
