"""The stream of examples: which photo comes when, which part of it, mirrored or not; in batches.

An example is a dictionary

  index    int64, the example's number in the stream, from 0; whatever else is random about it can be drawn from (seed, index)
  image    float32 [size, size, 3], RGB in [-1, 1]
  sketch   float32 [size, size, 1], 1 on a line; only of photos found with a sketch

and so is a batch, with one more axis in front. The training stream goes through all photos once an epoch, each epoch in an order
of its own. Example k depends on the seed, k and the photos alone: not on how many work in parallel, on where the stream was
started, or on how it is shared between workers.
"""

from typing import Optional

import tensorflow as tf

from gated_inpaint.data.checking import Photos, fingerprint, without_autotune
from gated_inpaint.data.decoding import FITS, decode_example
from gated_inpaint.errors import InputError

# Second halves of the seeds, one for each thing that is drawn.
_ORDER, _WINDOW = 1, 2

_NO_END = tf.int64.max


def training_examples(
    photos: Photos,
    size: int = 256,
    batch_size: Optional[int] = None,
    seed: int = 0,
    start: int = 0,
    shard: "tuple[int, int]" = (0, 1),
    fit: str = "crop",
    flip: bool = True,
) -> tf.data.Dataset:
    """The endless stream of training examples.

    Arguments:
      photos: what `find_photos` returned.
      size: side of the pictures, in pixels.
      batch_size: examples a batch; None for single examples.
      seed: decides on the order, the crops and the flips; an integer.
      start: index of the first example: a training resumes after k examples by starting at k. No photo before it is read.
      shard: (worker, number of workers): this worker gets the examples whose index leaves `worker` when divided by the number.
        With a global batch of B examples, `batch_size=B // number` and `start` a multiple of B, the workers' batches together
        are the batches of a single worker.
      fit: "crop" or "scale" for random windows, or "resize" for whole photos; see the module `decoding`.
      flip: mirror every other picture, at random.

    Returns:
      An endless `tf.data.Dataset` of examples or batches, as described above.

    Raises:
      InputError: an argument is out of its range. (While it runs, a photo that changed since it was found, or is gone, ends the
        stream with a tf.errors.OpError that names it.)
    """
    worker, workers = shard
    _check_arguments(size, batch_size, fit)
    if start < 0:
        raise InputError(f"The stream of examples cannot start at {start}.")
    if not 0 <= worker < workers:
        raise InputError(f"There is no worker {worker} of {workers}: they are counted from 0.")
    load = _loader(photos, size, fit)

    def load_at_random(index, position):
        draws = tf.random.stateless_uniform([4], tf.random.experimental.stateless_fold_in(_seed(seed, _WINDOW), index))
        if not flip:
            draws = tf.stack([draws[0], draws[1], 1.0, draws[3]])
        return load(index, position, draws)

    order = _shuffled(len(photos), seed, start).skip((worker - start) % workers).shard(workers, 0)
    return _finish(order.map(load_at_random, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True), batch_size)


def validation_examples(photos: Photos, size: int = 256, batch_size: Optional[int] = None, fit: str = "crop") -> tf.data.Dataset:
    """Every photo once, in the order of the source, its middle, never mirrored. Arguments as above; the last batch may be short."""
    _check_arguments(size, batch_size, fit)
    load = _loader(photos, size, fit)

    def load_middle(index):
        return load(index, index, tf.constant([0.5, 0.5, 1.0, 0.5]))

    order = tf.data.Dataset.range(len(photos))
    return _finish(order.map(load_middle, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True), batch_size, False)


def _check_arguments(size, batch_size, fit):
    if size < 1:
        raise InputError(f"The side of the pictures must be positive, not {size}.")
    if batch_size is not None and batch_size < 1:
        raise InputError(f"A batch has at least one example, not {batch_size}.")
    if fit not in FITS:
        raise InputError(f"Photos are fitted to the size by {', '.join(FITS)}, not by {fit}.")


def _shuffled(count, seed, start):
    """(index of the example, position of the photo) from example `start` on."""

    # Sorting random numbers. tf.random.experimental.index_shuffle needs no sort, but from seeds that count makes only 256 orders.
    def epoch_order(epoch):
        numbers_seed = tf.random.experimental.stateless_fold_in(_seed(seed, _ORDER), epoch)
        numbers = tf.random.stateless_uniform([count], numbers_seed, minval=None, maxval=None, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices(tf.cast(tf.argsort(numbers, stable=True), tf.int64))

    positions = tf.data.Dataset.range(start // count, _NO_END).flat_map(epoch_order).skip(start % count)
    return tf.data.Dataset.zip((tf.data.Dataset.range(start, _NO_END), positions))


def _seed(seed, thing):
    return tf.constant([seed, thing], tf.int64)


def _loader(photos, size, fit):
    """A function of index, position and draws to an example."""
    read, describe = photos.located.reader()
    fingerprints = tf.constant(photos.fingerprints, tf.int64)

    def load(index, position, draws):
        photo, edge = read(position)
        unchanged = tf.debugging.Assert(
            fingerprint(photo, edge) == fingerprints[position],
            ["The photo changed since it was checked (if a record of that check is kept, delete it):", *describe(position)],
        )
        with tf.control_dependencies([unchanged]):
            photo = tf.identity(photo)
        return {"index": index, **decode_example(photo, edge, size, fit, draws, photos.sketch)}

    return load


def _finish(examples, batch_size, drop_remainder=True):
    if batch_size is not None:
        examples = examples.batch(batch_size, drop_remainder=drop_remainder)
    options = without_autotune()
    # Sharing the work is what `shard` is for: tf.distribute must not do it once more.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return examples.prefetch(2).with_options(options)
