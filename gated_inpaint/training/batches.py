"""Batches of training: the examples of `data`, with the hole of each."""

import tensorflow as tf

from gated_inpaint.models.deepfill_v2.training import Batch


def add_masks(example, masks, seed, size):
    """A `Batch` from a batch of data examples: the mask of an example follows from the seed and the example's index."""
    seeds = tf.stack([tf.fill(tf.shape(example["index"]), tf.constant(seed, tf.int64)), example["index"]], axis=-1)
    return Batch(example["image"], masks(seeds, size, size), example.get("sketch"))
