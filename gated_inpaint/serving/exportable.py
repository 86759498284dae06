"""What is common to exports of all formats: which networks can be exported, and what is said of what was written; and to those of
one file, the graph: from levels to levels.
"""

from typing import NamedTuple, Optional

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.ops.windows import crop_mirrored
from gated_inpaint.types import Inputs


class Exported(NamedTuple):
    """What was written."""

    size: int  # Of its files, in bytes.
    missing: Optional[str]  # The network's `finishing`, which is in no export; None where there is none.


def check_exportable(network):
    """Raises InputError for a network whose completion is no graph of TensorFlow operations."""
    if not network.exportable:
        raise InputError(
            f"{type(network).__name__} cannot be exported: it completes by a loop in Python. gated-inpaint complete runs it."
        )


def completing_function(network, batch, height, width):
    """The network as a function of levels, to be converted; its arguments are named image, mask and, for guided weights, sketch.

    It does as `Inpainter` does with `hd_strategy="original"`, in float32, since other runtimes compare and select no uint8. A hole
    is what is above half of the mask's brightest, and lines what is above half of the sketch's. Pictures of sides that are not
    known are continued by reflection; known ones must be multiples of the network's divisor.

    Arguments:
      batch, height, width: of its pictures; None for any.

    Returns a tf.function of uint8 [batch, height, width, 3] and [batch, height, width, 1] to {"completed": uint8, shaped as the
    image}, and the specifications of its arguments.
    """

    def complete(image, *masks):
        levels = tf.cast(image, tf.float32)
        masks = [tf.cast(mask, tf.float32) for mask in masks]
        # Levels are relative to the brightest, as everywhere.
        marks = [mask > 0.5 * tf.reduce_max(mask, axis=[1, 2, 3], keepdims=True) for mask in masks]
        maps = [levels / 127.5 - 1.0, *(tf.cast(mark, tf.float32) for mark in marks)]
        if None in (height, width):
            size = tf.shape(image)[1:3]
            whole = tf.stack([tf.zeros_like(size), (size + network.divisor - 1) // network.divisor * network.divisor])
            output = network.inpaint(Inputs(*(crop_mirrored(map, whole) for map in maps))).output[:, : size[0], : size[1]]
        else:
            output = network.inpaint(Inputs(*maps)).output
        output = tf.clip_by_value(tf.round((output + 1.0) * 127.5), 0.0, 255.0)
        return {"completed": tf.cast(tf.where(marks[0], output, levels), tf.uint8)}

    specs = [tf.TensorSpec([batch, height, width, 3], tf.uint8, "image")]
    specs += [tf.TensorSpec([batch, height, width, 1], tf.uint8, name) for name in ("mask",) + ("sketch",) * network.takes_sketch]
    return tf.function(complete, autograph=False), specs
