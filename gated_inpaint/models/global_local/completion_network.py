"""The completion network: a picture with a hole in, a completed picture out.

An encoder to 1/4 scale, four dilated convolutions and a decoder; strided and transposed
convolutions in place of pooling, so that edges stay sharp. It reads the photo without its hole, and
the mask. Nothing else is in it: no attention, no second stage. Its rows stand in `tables`.

What it was trained with beside its weights is part of it:

  mean           the mean colour of its training set, in [0, 1], a variable that is saved and never trained
  mean_use       "subtracted": it reads known pixels less the mean, and zeros in the hole (the authors);
                 "filled": known pixels as they are, and the mean in the hole (the PyTorch port)
  picture_range  "unit": pictures inside it are in [0, 1], and it ends in a sigmoid (authors, port);
                 "signed": in [-1, 1], and it ends by clipping to that (mmagic, which has a mean of 0.5)
  layer_order    see `blocks`

Outside, pictures are in [-1, 1] as everywhere, and masks as `gated_inpaint.types` says; height and
width are divisible by 4.

Reference: "Globally and Locally Consistent Image Completion", ACM Transactions on Graphics 36(4),
2017, section 3.2 and table 1.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.models.contract import Network
from gated_inpaint.models.global_local.blending import FINISHING, blend
from gated_inpaint.models.global_local.blocks import Block, check_layer_order, exact_dtype
from gated_inpaint.models.global_local.tables import COMPLETION, LAST, LAST_KERNEL
from gated_inpaint.types import Completion

PAPER_WIDTH = 64
MEAN_USES = ("subtracted", "filled")
PICTURE_RANGES = ("unit", "signed")


@keras.utils.register_keras_serializable(package="gated_inpaint.global_local")
class CompletionNetwork(Network):
    """The completion network.

    Arguments:
      width: base width of the table; even. 64 in the paper: 6,072,131 trained parameters.
      layer_order, mean_use, picture_range: see the module.
      dtype: "float32", or "mixed_bfloat16": convolutions in bfloat16; weights, normalisation and
        pictures stay in float32. By default what Keras' global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}; training and moves_statistics
    as of `BatchNorm`. Returns a `Completion`; its only stage is "completed", everything that the
    network made.

    Raises:
      ValueError: an argument is none of those; a sketch is given.

    """

    divisor = 4
    finishing = FINISHING

    def __init__(
        self, width=PAPER_WIDTH, layer_order="norm_relu", mean_use="subtracted", picture_range="unit", dtype=None, **kwargs
    ):
        super().__init__(dtype=dtype, **kwargs)
        if width < 2 or width % 2:  # The narrowest row has half the base width.
            raise ValueError(f"The base width must be a positive even number, not {width}.")
        check_layer_order(layer_order)
        if mean_use not in MEAN_USES:
            raise ValueError(f"The mean colour is one of {', '.join(MEAN_USES)}, not {mean_use!r}.")
        check_picture_range(picture_range)
        self.width, self.layer_order, self.mean_use, self.picture_range = width, layer_order, mean_use, picture_range
        half = keras.initializers.Constant(0.5)
        self.mean = self.add_weight(name="mean", shape=(3,), initializer=half, trainable=False, dtype="float32")
        channels = 4
        for row in COMPLETION:
            block = Block(row, width, layer_order, channels, name=row.name, dtype=self.layer_dtype)
            setattr(self, row.name, block)
            channels = block.filters
        # In float32 always: bfloat16 is too coarse for a picture of 256 levels.
        self.conv17 = keras.layers.Conv2D(3, LAST_KERNEL, padding="same", name=LAST, dtype=exact_dtype(self.layer_dtype))
        self.conv17.build((None, None, None, channels))
        self.built = True

    def call(self, inputs, training=False, moves_statistics=True):
        image, mask, _ = self.checked_inputs(inputs)
        features = self.network_input(image, mask)
        for row in COMPLETION:
            features = getattr(self, row.name)(features, training=training, moves_statistics=moves_statistics)
        made = tf.cast(self.conv17(features), tf.float32)
        output = 2.0 * tf.sigmoid(made) - 1.0 if self.picture_range == "unit" else tf.clip_by_value(made, -1.0, 1.0)
        return Completion(output, output * mask + image * (1.0 - mask), {"completed": output})

    def network_input(self, image, mask):
        """What the first convolution reads of a photo and its mask: float32 [batch, height, width, 4]."""
        known = 1.0 - mask
        mean = in_range(2.0 * tf.convert_to_tensor(self.mean) - 1.0, self.picture_range)
        image = in_range(image, self.picture_range)
        picture = (image - mean) * known if self.mean_use == "subtracted" else image * known + mean * mask
        return tf.concat([picture, mask], axis=-1)

    def finish(self, photo, completed, mask):
        return blend(photo, completed, mask)

    def get_config(self):
        own = ("width", "layer_order", "mean_use", "picture_range")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def describe(self):
        order = "normalised before ReLU" if self.layer_order == "norm_relu" else "normalised after ReLU"
        return f"completion network of Global&Local, base width {self.width}, {order}"

    def named_variables(self):
        """{"completion/conv1/kernel": variable, ..., "completion/mean": the mean colour}"""
        variables = {
            f"completion/{row.name}/{name}": variable
            for row in COMPLETION
            for name, variable in getattr(self, row.name).named_variables().items()
        }
        variables.update({f"completion/{LAST}/{name}": getattr(self.conv17, name) for name in ("kernel", "bias")})
        return {**variables, "completion/mean": self.mean}


def in_range(pictures, picture_range):
    """Pictures in [-1, 1] in the range that networks of this one read: see the module."""
    return 0.5 * pictures + 0.5 if picture_range == "unit" else pictures


def check_picture_range(picture_range):
    """Raises ValueError if it is none."""
    if picture_range not in PICTURE_RANGES:
        raise ValueError(f"The range of pictures is one of {', '.join(PICTURE_RANGES)}, not {picture_range!r}.")
