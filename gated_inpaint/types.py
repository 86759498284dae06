"""What travels between the rooms of the house: inputs of a network, batches of a training, and what a network makes.

Conventions, everywhere: pictures are RGB, float32 in [-1, 1], [batch, height, width, 3]; masks are float32 [batch, height, width,
1], 1 in the hole, one a picture; sketches have the masks' shape, 1 on a line. All three are tuples, so they pass through
tf.function, tf.data and distribution strategies as they are.
"""

import os
from typing import NamedTuple, Optional, Union

import tensorflow as tf

Path = Union[str, "os.PathLike[str]"]


class Inputs(NamedTuple):
    """What a network completes. What the image shows in the hole, and the sketch outside it, is ignored."""

    image: tf.Tensor
    mask: tf.Tensor
    sketch: Optional[tf.Tensor] = None  # None for a network that takes none.


class Batch(NamedTuple):
    """What a trainer's step is given; its inputs' image is whole, for the losses to compare with."""

    inputs: Inputs
    box: Optional[tf.Tensor] = None  # int32 [batch, 2, 2]: the window around each hole, where the masks come with one.
    seeds: Optional[tf.Tensor] = None  # int64 [batch, 2], of each example: for whatever else a step draws.


class Completion(NamedTuple):
    """What a network makes of its inputs."""

    output: tf.Tensor  # The network's own picture, everywhere.
    composite: tf.Tensor  # The output in the hole, the photo outside it.
    stages: dict  # {name: picture} of what it made on its way, everywhere; its last one is the output.
    offsets: Optional[tf.Tensor] = None  # int32 [batch, rows, columns, 2]: from each position to where attention looked.


def as_inputs(inputs):
    """`Inputs` from what Keras' users pass: `Inputs`, a list or tuple in that order, or a dictionary by those names.

    Raises:
      ValueError: it is none of these, or a mask is missing.
    """
    if isinstance(inputs, Inputs):
        return inputs
    if isinstance(inputs, dict):
        unknown = sorted(set(inputs) - set(Inputs._fields))
        if not unknown and {"image", "mask"} <= set(inputs):
            return Inputs(**inputs)
        raise ValueError(f"A network takes image, mask and perhaps a sketch by these names, not {', '.join(sorted(inputs))}.")
    if isinstance(inputs, (list, tuple)) and len(inputs) in (2, 3):
        return Inputs(*inputs)
    raise ValueError("A network takes an image and a mask, and a sketch if it is a guided one: [image, mask], not one tensor.")
