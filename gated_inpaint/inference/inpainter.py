"""Completes pictures: any height and width, gray or colour, with or without alpha, 8 or 16 bits a channel.

A network wants RGB in [-1, 1] with sides divisible by its `divisor`. Everything between that and a person's picture happens here,
in TensorFlow operations: gray is repeated to three channels and averaged back; the picture and its mask are continued by reflection
at the bottom and right up to the next multiple, so that the border sees more of the same picture rather than an edge; and the
network's result is kept in the hole alone, and is opaque. Every pixel outside the hole is the input's, bit for bit.
"""

from typing import NamedTuple, Optional

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.inference.arguments import understood
from gated_inpaint.inference.holes import complete_holes
from gated_inpaint.ops.levels import from_levels, to_levels
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network

MAP_SIDE = 384  # Longest side, in pixels, of what `Inpainter.layer_maps` returns.


class Stages(NamedTuple):
    """What the network made on its way; pictures have the completed picture's dtype."""

    stages: dict  # {name: [height, width, 3]}, everywhere, without alpha, in the order in which they were made.
    completed: np.ndarray  # Shaped as the input.
    offsets: Optional[np.ndarray]  # int32 [rows, columns, 2]: from each position to where its attention looked, in positions.


class Inpainter:
    """Completes pictures.

    Arguments:
      weights: an `.npz`, folder or prefix of a TensorFlow 1 checkpoint, or folder of a training run; None for the bundled weights.
      precision: "float32", or "bfloat16" for convolutions in bfloat16: faster where the processor has it, and slightly less exact.
      eager: complete without making a graph first. That saves seconds at the first call and costs a little at every later one.

    Call with:
      image: a path; a Pillow image of any mode; or an array [height, width], [height, width, channels] or a batch of the latter, of
        uint8, uint16 or floats in [0, 1]; gray, gray and alpha, RGB, or RGBA. What it shows inside the hole is ignored.
      mask: a path, a Pillow image or an array, one per picture, of the picture's size: gray or colour, bool, integers or floats,
        white in the hole; `gated_inpaint.files.masks` says what else is understood. None: the hole is what is transparent.
      sketch: like the mask, white on the lines; for guided weights only, and used inside the hole only.

    Returns the completed picture: an image of an image, an array of an array, of its shape and dtype; with an empty mask, the
    picture itself. Of a path, an array, upright.

    Raises:
      InputError: the weights cannot be used; a file cannot be read; shapes, types or values do not fit; a mask is none, or leaves
        nothing to complete from; a sketch is missing, or given to weights that take none; the memory does not suffice.

    Example:
      >>> Inpainter()(np.zeros([100, 75, 3], np.uint8), np.eye(100, 75)).shape
      (100, 75, 3)
    """

    def __init__(self, weights=None, precision="float32", eager=False):
        self.network = load_network(weights, precision)
        self._complete, self._stages, self._maps = (
            function if eager else tf.function(function, autograph=False)
            for function in (self.complete_tensors, self._stages_of_batch, self._maps_of_batch)
        )

    def __call__(self, image, mask=None, sketch=None):
        given = self._understood(image, mask, sketch)
        if not given.mask.any():
            return given.answer(given.image.copy())
        return given.answer(_run_any_size(self._complete, given.arrays()).numpy())

    def stages(self, image, mask=None, sketch=None):
        """Completes one picture and returns its `Stages`; arguments as for a call, without a batch axis."""
        given = self._one_picture(image, mask, sketch)
        made = _run_any_size(self._stages, given.arrays())
        made = tf.nest.map_structure(lambda array: None if array is None else array.numpy()[0], made)
        return made._replace(completed=given.answer(made.completed[np.newaxis]))

    def layer_maps(self, image, mask=None, sketch=None):
        """What some layers let through of one picture; arguments as for `stages`.

        Returns {layer: float32 [height, width, channels]}, in [0, 1], as `Network.layer_maps` says, at the layer's scale or, if
        that is larger, reduced to MAP_SIDE. They are of the picture that the network sees, continued by reflection.
        """
        maps = _run_any_size(self._maps, self._one_picture(image, mask, sketch).arrays())
        return {name: array.numpy()[0] for name, array in maps.items()}

    def complete_tensors(self, image, mask, sketch=None):
        """Completes a batch in TensorFlow operations alone, for a graph that is served; the shapes are not checked.

        Arguments:
          image: uint8 or uint16 [batch, height, width, channels], 1 to 4 channels, their number known beforehand.
          mask: bool [batch, height, width, 1], true in the hole.
          sketch: like the mask, true on the lines; for guided weights only.

        Returns the completed picture, a tensor of the image's shape and dtype.
        """
        return self._run(image, mask, sketch).completed

    def _one_picture(self, image, mask, sketch):
        given = self._understood(image, mask, sketch)
        if len(given.image) > 1:
            raise InputError(f"This takes one picture, not a batch of shape {list(given.image.shape)}.")
        return given

    def _understood(self, image, mask, sketch):
        if (sketch is None) == self.network.takes_sketch:
            raise InputError(
                "These weights complete along a sketch, and none was given."
                if sketch is None
                else "These weights take no sketch: use guided weights, or leave the sketch out."
            )
        return understood(image, mask, sketch)

    def _stages_of_batch(self, image, mask, sketch=None):
        """The same as `stages` for tensors, as `complete_tensors` takes them."""
        return self._run(image, mask, sketch, return_intermediates=True)

    def _maps_of_batch(self, image, mask, sketch=None):
        """The same as `layer_maps` for tensors, as `complete_tensors` takes them."""
        return self.network.layer_maps(self._network_inputs(image, mask, sketch), MAP_SIDE)

    def _run(self, image, mask, sketch, return_intermediates=False):
        """The `Stages` of a batch of tensors; if not `return_intermediates`, all but `completed` are right near the holes only."""
        height, width = tf.unstack(tf.shape(image)[1:3])
        color_channels = _color_channels(image)
        color, alpha = image[..., :color_channels], image[..., color_channels:]
        made = complete_holes(self.network, self._network_inputs(image, mask, sketch), return_intermediates)

        def as_levels(pictures):
            return to_levels(pictures[:, :height, :width], image.dtype)

        output = made.output
        if color_channels == 1:
            output = tf.reduce_mean(output, axis=-1, keepdims=True)
        alpha = tf.where(mask, tf.constant(image.dtype.max, image.dtype), alpha)
        completed = tf.concat([tf.where(mask, as_levels(output), color), alpha], axis=-1)
        return Stages({name: as_levels(picture) for name, picture in made.stages.items()}, completed, made.offsets)

    def _network_inputs(self, image, mask, sketch):
        """`Inputs` as the network takes them."""
        color_channels = _color_channels(image)
        picture = tf.repeat(from_levels(image[..., :color_channels]), 3 // color_channels, axis=-1)
        divisor = self.network.divisor
        return Inputs(
            *(
                None if tensor is None else _continue_by_reflection(tf.cast(tensor, tf.float32), divisor)
                for tensor in (picture, mask, sketch)
            )
        )


def _color_channels(image):
    return 3 if image.shape[-1] > 2 else 1


def _run_any_size(function, arrays):
    """Calls a function with arrays [batch, height, width, channels]; a tf.function is traced once for all batches and sizes."""
    if hasattr(function, "get_concrete_function"):
        specs = [tf.TensorSpec([None, None, None, array.shape[-1]], array.dtype) for array in arrays]
        function = function.get_concrete_function(*specs)
    try:
        return function(*map(tf.constant, arrays))
    except tf.errors.ResourceExhaustedError as error:
        batch, height, width, _ = arrays[0].shape
        of_batch = f", {batch} at once" if batch > 1 else ""
        raise InputError(
            f"There is not enough memory to complete {width}x{height} pixels{of_batch}: crop or reduce the image."
        ) from error


def _continue_by_reflection(images, divisor):
    """Continues [batch, height, width, channels] at the bottom and right to the next multiple, mirrored at the border."""
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        positions = tf.range(-(-size // divisor) * divisor) % (2 * size)
        images = tf.gather(images, tf.minimum(positions, 2 * size - 1 - positions), axis=axis)
    return images
