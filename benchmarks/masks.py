"""How many masks a second are drawn inside tf.data, on one core and on two; and a sheet of masks to look at.

    python benchmarks/masks.py --kind=union --size=256
    python benchmarks/masks.py --sheet=masks.png

The process is held to that many cores (Linux), and tf.data to that many threads. One core and two take turns, and the best and the
median of the rounds are printed: on a shared machine other work takes its share of some. The processor time is the process's own.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import itertools
import statistics
import time

import cv2
import numpy as np
import tensorflow as tf
from absl import app, flags

from gated_inpaint.masks import mask_function

FLAGS = flags.FLAGS
flags.DEFINE_string("kind", "union", "What to draw: strokes, rectangle, union, centre, or the path of a folder of mask files.")
flags.DEFINE_integer("size", 256, "Height and width of a mask.")
flags.DEFINE_integer("batch", 1, "Masks that are drawn by one call; 1 for a call without a batch, a mask at a time.")
flags.DEFINE_list("cores", ["1", "2"], "Numbers of cores to measure.")
flags.DEFINE_integer("masks", 480, "Masks in a round.")
flags.DEFINE_integer("rounds", 9, "Rounds to measure.")
flags.DEFINE_integer("seed", 0, "First of a mask's two seeds; the other is its number.")
flags.DEFINE_string("sheet", None, "Write 32 masks to this PNG, and measure nothing.")

SHEET_ROWS, SHEET_COLUMNS = 4, 8


def mask_dataset(threads, batch):
    """Masks without end, drawn by so many threads."""
    function = mask_function(FLAGS.kind)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.threading.max_intra_op_parallelism = 1
    options.autotune.enabled = False
    seeds = tf.data.Dataset.counter().map(lambda number: tf.stack([FLAGS.seed, number]))
    if batch > 1:
        seeds = seeds.batch(batch)
    masks = seeds.map(lambda seed: function(seed, FLAGS.size, FLAGS.size), num_parallel_calls=threads)
    return masks.with_options(options)


def hold_to_cores(cores):
    """Lets every thread of this process, and those they start, run on the given cores alone."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)


def measure(masks, cores):
    """One round: masks a second, and milliseconds of processor time a mask."""
    hold_to_cores(cores)
    calls = -(-FLAGS.masks // FLAGS.batch)
    next(masks)  # Whatever was drawn ahead while others had their turn.
    start, processor_start = time.perf_counter(), time.process_time()
    for _ in range(calls):
        next(masks)
    number = calls * FLAGS.batch
    return number / (time.perf_counter() - start), (time.process_time() - processor_start) * 1e3 / number


def write_sheet(path):
    masks = list(itertools.islice(mask_dataset(threads=1, batch=1).as_numpy_iterator(), SHEET_ROWS * SHEET_COLUMNS))
    framed = np.pad(np.uint8(np.stack(masks)[..., 0] * 255), [(0, 0), (4, 4), (4, 4)], constant_values=96)
    rows = framed.reshape(SHEET_ROWS, SHEET_COLUMNS, *framed.shape[1:])
    if not cv2.imwrite(path, np.block([list(row) for row in rows])):
        raise app.UsageError(f"Cannot write {path}.")


def main(_):
    if FLAGS.sheet:
        write_sheet(FLAGS.sheet)
        return
    available = sorted(os.sched_getaffinity(0))
    numbers = [int(number) for number in FLAGS.cores if int(number) <= len(available)]
    print(f"TensorFlow {tf.__version__}, {FLAGS.kind}, {FLAGS.size}x{FLAGS.size}, batch {FLAGS.batch}, {len(available)} cores here")
    masks = {number: iter(mask_dataset(number, FLAGS.batch)) for number in numbers}
    rounds = {number: [] for number in numbers}
    for _ in range(1 + FLAGS.rounds):
        for number in numbers:
            rounds[number].append(measure(masks[number], available[:number]))
    for number in numbers:
        rates, processor_times = zip(*rounds[number][1:])  # The first round is for warming up.
        print(
            f"Cores used: {number}; masks a second: best {max(rates):.0f}, median {statistics.median(rates):.0f}; "
            f"processor time a mask: {statistics.median(processor_times):.2f} ms"
        )


if __name__ == "__main__":
    app.run(main)
