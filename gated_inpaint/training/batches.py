"""Batches of training: the examples of `data`, with the hole of each."""

import tensorflow as tf

from gated_inpaint.types import Batch, Inputs


def add_masks(example, masks, seed, size):
    """A `Batch` from a batch of data examples: the mask of an example follows from the seed and the example's index.

    `masks` is a function of seeds, height and width to masks, or to masks and the boxes around their holes.
    """
    seeds = tf.stack([tf.fill(tf.shape(example["index"]), tf.constant(seed, tf.int64)), example["index"]], axis=-1)
    made = masks(seeds, size, size)
    mask, box = made if isinstance(made, tuple) else (made, None)
    return Batch(Inputs(example["image"], mask, example.get("sketch")), box, seeds)
