"""How fast the layer of coherent semantic attention is, an item, against one item after the other by the authors' loop.

    python benchmarks/csa_layer.py --batches=1,8

Features are 32x32 positions of 512 channels, with 256 of them in a square hole: those of a picture of 256 pixels a side. Forward
and backward, in both forms of the gradient. `loop` is the authors' form written plainly with TensorFlow: picture after picture,
hole position after hole position, each with its row of attention over all positions; the output is the rows' product with the
features, the gradient that of the transposed rows, without their fractions. All take turns, and medians are printed.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics

import numpy as np
import tensorflow as tf
from absl import app, flags
from arithmetic import seconds

from gated_inpaint.layers import CoherentSemanticAttention

FLAGS = flags.FLAGS
flags.DEFINE_list("batches", ["1", "8"], "Items a batch.")
flags.DEFINE_integer("side", 32, "Rows and columns of the features.")
flags.DEFINE_integer("hole", 16, "Rows and columns of the hole.")
flags.DEFINE_integer("channels", 512, "Channels of the features.")
flags.DEFINE_integer("rounds", 5, "Rounds of one call each.")
flags.DEFINE_integer("threads", 0, "Threads of TensorFlow; 0 for as many as there are cores.")
flags.DEFINE_bool("xla", False, "Compile the layer with XLA.")

EPSILON = 1e-8


def looped(features, mask, upstream):
    """Filled features and gradient by the plain loop, picture after picture."""
    filled, gradients = [], []
    for picture, hole, above in zip(features, mask, upstream):
        rows, columns, channels = picture.shape
        vectors, above = tf.reshape(picture, [-1, channels]), tf.reshape(above, [-1, channels])
        in_hole = hole.numpy().reshape(-1) > 0
        known = tf.where(in_hole, -np.inf, 0.0)
        scaled = vectors / (tf.norm(vectors, axis=1, keepdims=True) + EPSILON)
        likeness = tf.matmul(vectors, scaled, transpose_b=True) + known
        matches, best = tf.argmax(likeness, axis=1), tf.reduce_max(likeness, axis=1)
        attention, before = list(tf.one_hot(matches, rows * columns)), None
        for index in np.flatnonzero(in_hole):
            match = vectors[int(matches[index])]
            if before is None:
                before, row = match, attention[index]
            else:
                like_before = tf.tensordot(scaled[index], before, 1)
                weight = like_before / (like_before + best[index])
                before = weight * before + (1 - weight) * match
                row = weight * row + (1 - weight) * attention[index]
            attention[index] = row
        attention = tf.stack(attention)
        filled.append(tf.matmul(attention, vectors))
        whole_numbers = tf.cast(tf.cast(attention, tf.int32), tf.float32)
        gradients.append(above + tf.matmul(whole_numbers, above, transpose_a=True))
    return tf.reshape(tf.stack(filled), features.shape), tf.reshape(tf.stack(gradients), features.shape)


def of_layer(gradient):
    layer = CoherentSemanticAttention("released", gradient)

    def run(features, mask, upstream):
        with tf.GradientTape() as tape:
            tape.watch(features)
            filled, _ = layer(features, mask)
        return filled, tape.gradient(filled, features, upstream)

    return tf.function(run, jit_compile=FLAGS.xla)


def examples(batch):
    """Features that are alike where they are near, as a network's are, their mask, and an upstream gradient."""
    side, hole, channels = FLAGS.side, FLAGS.hole, FLAGS.channels
    rng = np.random.default_rng(0)
    coarse = tf.constant(rng.normal(size=[batch, side // 4, side // 4, channels]), tf.float32)
    features = tf.image.resize(coarse, [side, side]) + 0.3 * rng.normal(size=[batch, side, side, channels]).astype(np.float32)
    mask = np.zeros([batch, side, side, 1], np.float32)
    begin = (side - hole) // 2
    mask[:, begin : begin + hole, begin : begin + hole] = 1
    return features, tf.constant(mask), tf.constant(rng.normal(size=features.shape), tf.float32)


def main(_):
    if FLAGS.threads:
        tf.config.threading.set_intra_op_parallelism_threads(FLAGS.threads)
        tf.config.threading.set_inter_op_parallelism_threads(FLAGS.threads)
    ways = {"loop": looped, "layer, truncated": of_layer("truncated"), "layer, whole": of_layer("whole")}
    print(f"TensorFlow {tf.__version__}, {FLAGS.side}x{FLAGS.side}x{FLAGS.channels}, {FLAGS.hole**2} in the hole")
    print(f"{'batch':>5}  {'way':18}  milliseconds an item  times the loop's speed")
    for batch in map(int, FLAGS.batches):
        given = examples(batch)
        made = {name: way(*given) for name, way in ways.items()}  # Traces, too.
        for one, other in zip(made["loop"], made["layer, truncated"]):
            np.testing.assert_allclose(one, other, atol=1e-3)
        times = {name: [] for name in ways}
        for _ in range(FLAGS.rounds):
            for name, way in ways.items():
                times[name].append(seconds(way, *given) / batch)
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        for name, median in medians.items():
            print(f"{batch:5}  {name:18}  {1000 * median:20.1f}  {medians['loop'] / median:.1f}")


if __name__ == "__main__":
    app.run(main)
