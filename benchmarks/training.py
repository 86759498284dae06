"""How near a training step comes to the arithmetic limit of this machine, and how fast the input alone is.

    python benchmarks/training.py --data=photos/

The limit counts, for each picture, three times the generator's forward operations (forward, and backward to inputs and to weights)
and eight times the discriminator's: three times for the photo and three times for the completed picture in its own update, forward
and backward to the picture in the generator's. All at the speed of a large float32 matrix product in the same process; see
arithmetic.py. The input is measured by itself: photos found, decoded, cropped and given masks, with nothing computed on them. It
must be faster than the step.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics
import time

import tensorflow as tf
from absl import app, flags
from arithmetic import dense_flops, discriminator_flops, matrix_product, seconds
from tensorflow import keras

from gated_inpaint.data import find_photos, training_examples
from gated_inpaint.masks import mask_function
from gated_inpaint.models.deepfill_v2 import Discriminator, Generator
from gated_inpaint.models.deepfill_v2.training import Trainer
from gated_inpaint.training.batches import add_masks
from gated_inpaint.weights.loading import KERAS_DTYPES

FLAGS = flags.FLAGS
flags.DEFINE_string("data", None, "Photos, as train_main.py takes them; none: the input is not measured.")
flags.DEFINE_integer("size", 256, "Side of the crops.")
flags.DEFINE_integer("batch", 2, "Pictures in a batch.")
flags.DEFINE_integer("rounds", 7, "Rounds of one matrix product and one step.")
flags.DEFINE_enum("precision", "float32", list(KERAS_DTYPES), "Precision of the convolutions.")


def adam():
    return keras.optimizers.Adam(1e-4, 0.5, 0.999, 1e-8)


def measure_step():
    size, batch, dtype = FLAGS.size, FLAGS.batch, KERAS_DTYPES[FLAGS.precision]
    networks = Generator(dtype=dtype), Discriminator(dtype=dtype)
    trainer = Trainer(*networks, Generator(dtype=dtype), adam(), adam())
    step = tf.function(lambda batch: trainer.step((batch,), "all"), autograph=False)
    example = {"index": tf.range(batch, dtype=tf.int64), "image": tf.random.uniform([batch, size, size, 3], -1, 1)}
    taken = add_masks(example, mask_function("union"), 0, size)
    product = matrix_product()
    for _ in range(2):
        seconds(product), seconds(step, taken)
    rounds = [(seconds(product), seconds(step, taken) / batch) for _ in range(FLAGS.rounds)]
    flops = 3 * dense_flops(size, 48) + 8 * discriminator_flops(size)
    seconds_an_image = statistics.median(time for _, time in rounds)
    limits = [flops * product_time / product.flops for product_time, _ in rounds]
    print(
        f"{size}x{size}, batch {batch}, {FLAGS.precision}: {seconds_an_image:.2f} s an image, "
        f"arithmetic limit {statistics.median(limits):.2f} s, "
        f"ratio {statistics.median(limit / time for limit, (_, time) in zip(limits, rounds)):.2f}"
    )


def measure_input():
    masks = mask_function("union")
    examples = training_examples(find_photos(FLAGS.data), FLAGS.size, FLAGS.batch)
    batches = iter(examples.map(lambda example: add_masks(example, masks, 0, FLAGS.size), tf.data.AUTOTUNE).prefetch(2))
    for _ in range(20):
        next(batches)
    start, count = time.perf_counter(), 200
    for _ in range(count):
        next(batches)
    print(f"input alone: {count * FLAGS.batch / (time.perf_counter() - start):.0f} images/s")


def main(_):
    print(f"TensorFlow {tf.__version__}")
    measure_step()
    if FLAGS.data:
        measure_input()


if __name__ == "__main__":
    app.run(main)
