"""Tells the authors' files of DeepFill v2, and ours, by names and shapes."""

import math

from gated_inpaint.errors import InputError
from gated_inpaint.models.deepfill_v2.generator import ROOTS
from gated_inpaint.models.deepfill_v2.tables import COARSE, channels_of

# Where in the authors' TensorFlow 1 checkpoints picture channels are BGR: {variable: axis}. The first is in every one of them.
PICTURE_AXES = {
    "inpaint_net/conv1/kernel": 2,
    "inpaint_net/xconv1/kernel": 2,
    "inpaint_net/pmconv1/kernel": 2,
    "discriminator/sn_patch_gan/conv1/kernel": 2,
    "inpaint_net/conv17/kernel": 3,
    "inpaint_net/conv17/bias": 0,
    "inpaint_net/allconv17/kernel": 3,
    "inpaint_net/allconv17/bias": 0,
}


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    first = {f"{root}/conv1/kernel": convolution for convolution, root in ROOTS.items()}
    name = next(filter(shapes.__contains__, first), None)
    # DeepFill v1 has the same names, and five inputs of the refinement where this one has three.
    if name is None or shapes.get("inpaint_net/xconv1/kernel", ())[2:3] == (5,):
        return None
    shape, convolution = shapes[name], first[name]
    inputs, in_words = {5: False, 6: True}, "5 or 6 with a sketch"
    if convolution == "partial":
        inputs, in_words = {5: False}, "5"
    # The first row has as many channels as the width, or that over sqrt(2), rounded.
    filters = shape[3] if len(shape) == 4 and shape[:2] == (5, 5) and shape[2] in inputs else 0
    width = 4 * round(filters * (1 if convolution == "gated" else math.sqrt(2)) / 4)
    if not width or channels_of(COARSE[0], width, convolution) != filters:
        of_width = "a multiple of 4" if convolution == "gated" else "a multiple of 4 over sqrt(2), rounded"
        raise InputError(
            f"{name} has shape {list(shape)}, and this network needs [5, 5, {in_words}, {of_width}]: "
            "it holds weights of another network."
        )
    return {"width": width, "sketch": inputs[shape[2]], "convolution": convolution}
