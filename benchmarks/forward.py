"""How near the generator's forward pass comes to the arithmetic limit of this machine.

    python benchmarks/forward.py --sizes=256,512

The limit is the time that the dense network's multiplications and additions would take at the speed of a large float32 matrix
product in the same process. The ratio limit / measured is 1.0 where nothing but that arithmetic costs time, and passes it where
the same result is had with less arithmetic. Matrix product and forward pass take turns, and the median of the rounds' ratios is
printed: on a shared machine the absolute times mean little.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics

import numpy as np
import tensorflow as tf
from absl import app, flags
from arithmetic import dense_flops, matrix_product, seconds

from gated_inpaint.models.deepfill_v2 import Generator
from gated_inpaint.types import Inputs

FLAGS = flags.FLAGS
flags.DEFINE_list("sizes", ["256", "512"], "Heights and widths to measure; multiples of 8.")
flags.DEFINE_integer("width", 48, "Base width of the generator.")
flags.DEFINE_integer("batch", 1, "Pictures in a batch.")
flags.DEFINE_enum("precision", "float32", ["float32", "bfloat16"], "Precision of the convolutions.")
flags.DEFINE_integer("rounds", 9, "Rounds of one matrix product and one forward pass.")


def main(_):
    product = matrix_product()
    generator = Generator(FLAGS.width, dtype="float32" if FLAGS.precision == "float32" else "mixed_bfloat16")
    for variable in generator.variables:
        variable.assign(tf.random.normal(variable.shape, stddev=0.05))

    print(f"TensorFlow {tf.__version__}, width {FLAGS.width}, batch {FLAGS.batch}, {FLAGS.precision}")
    for size in map(int, FLAGS.sizes):
        mask = np.zeros([FLAGS.batch, size, size, 1], np.float32)
        mask[:, size // 4 : size // 2, size // 4 : size // 2] = 1
        image = tf.random.uniform([FLAGS.batch, size, size, 3], -1, 1)
        forward = tf.function(lambda image, mask: generator(Inputs(image, mask)).composite)
        for _ in range(2):
            seconds(product), seconds(forward, image, mask)
        rounds = [(seconds(product), seconds(forward, image, mask)) for _ in range(FLAGS.rounds)]
        flops = dense_flops(size, FLAGS.width) * FLAGS.batch
        speeds = [product.flops / product_time for product_time, _ in rounds]
        ratio = statistics.median(flops / speed / forward_time for speed, (_, forward_time) in zip(speeds, rounds))
        print(
            f"{size}x{size}: {flops / 1e9:.0f} GFLOP, matrix product {statistics.median(speeds) / 1e9:.0f} GFLOP/s, "
            f"forward {statistics.median(t for _, t in rounds):.3f} s, ratio to the arithmetic limit {ratio:.2f}"
        )


if __name__ == "__main__":
    app.run(main)
