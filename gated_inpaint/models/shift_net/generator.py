"""Shift-Net's generator: a U-Net whose decoder copies the hole's features from known ones.

At level 3, of 1/8 of the picture's sides, the decoder has a guess of what is in the hole. The shift
layer finds the known position whose feature in the encoder is most like it, and hands the encoder's
feature there to the decoder, beside both.

It reads the photo without its hole, zeros there, and a channel that is 1 where the picture is
known.

Conventions of pictures and masks are those of `gated_inpaint.types`.

Reference: "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392, section
3; its authors' PyTorch code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import Shift
from gated_inpaint.models.unet import NetworkOfUNets, UNet
from gated_inpaint.ops.feature_masks import covered_mask, sampled_mask
from gated_inpaint.types import Completion

RELEASED_WIDTH, RELEASED_LEVELS = 64, 8
LEVEL = 3  # Where features are shifted; so often the mask's sides are halved.

FEATURE_MASKS = {"covered": covered_mask, "sampled": sampled_mask}
ROOT = "net_G"


@keras.utils.register_keras_serializable(package="gated_inpaint.shift_net")
class Generator(NetworkOfUNets):
    """The U-Net with a shift layer.

    Arguments:
      width: channels of the first level; 64 as released: 54,944,771 parameters.
      levels: of the U-Net, at least 5: pictures have sides of 2 ** levels pixels, or multiples of
        it; 8 as released.
      feature_mask: which features are in the hole: "covered" where more than 5/16 of what they see
        is, as in the paper; "sampled" where every 8th pixel is, as in the authors' PyTorch code.
      region: where it has learned holes: "centre", or "random" for anywhere. The network is the
        same.
      dtype: "float32", or "mixed_bfloat16" for convolutions in bfloat16. By default what Keras'
        global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}. Returns a `Completion`; its
    only stage is "completed", its offsets are those of `Shift`.

    Raises:
      ValueError: an argument is none of these; a sketch is given.
    """

    learned_in_training = ("region",)

    def __init__(self, width=RELEASED_WIDTH, levels=RELEASED_LEVELS, feature_mask="covered", region="centre", dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        if feature_mask not in FEATURE_MASKS:
            raise ValueError(f"Shift-Net's feature mask is one of {', '.join(FEATURE_MASKS)}, not {feature_mask!r}.")
        if region not in ("centre", "random"):
            raise ValueError(f"Shift-Net's region is centre or random, not {region!r}.")
        if levels < LEVEL + 2:
            raise ValueError(f"Shift-Net has {LEVEL + 2} levels at least, not {levels}.")
        self.width, self.levels, self.feature_mask, self.region = width, levels, feature_mask, region
        self.unet = UNet(width, levels, (LEVEL, 4 * width), dtype=self.layer_dtype)
        self.unet.build((None, None, None, 4))
        self.shift = Shift(dtype=self.layer_dtype)
        self.built = True

    def complete(self, inputs):
        """A `Completion`, and the decoder's features in front of the shift layer, float [batch, rows, columns, channels]."""
        image, mask, _ = self.checked_inputs(inputs)
        mask = tf.cast(mask, tf.float32)
        masked, hole = image * (1.0 - mask), self.hole_of_features(mask)
        seen = {}

        def add_more(features):
            seen["decoder"] = tf.split(features, 2, axis=-1)[0]
            shifted, seen["offsets"] = self.shift(features, hole)
            return shifted

        output = self.unet(tf.concat([masked, 1.0 - mask], axis=-1), add_more=add_more)
        return Completion(output, output * mask + masked, {"completed": output}, seen["offsets"]), seen["decoder"]

    def encode(self, inputs):
        """The encoder's features of whole pictures, as the shift layer would copy them: what the
        decoder's should be.

        inputs: `Inputs` whose image is the photo; the network is told of the hole, and sees what is
          in it.
        """
        image, mask, _ = inputs
        return tf.nn.relu(self.unet.encode(tf.concat([image, 1.0 - mask], axis=-1), LEVEL)[-1])

    def hole_of_features(self, mask):
        """The mask of the shifted features."""
        return FEATURE_MASKS[self.feature_mask](mask, LEVEL)

    def get_config(self):
        names = ("width", "levels", "feature_mask", "region")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def describe(self):
        holes = "a hole in the centre" if self.region == "centre" else "holes anywhere"
        return f"Shift-Net for {holes} of {self.picture_size}x{self.picture_size} pixels, base width {self.width}"

    def named_variables(self):
        """{"net_G/model.model.0/kernel": variable, ...}: the places of modules in the authors' files."""
        return {f"{ROOT}/{name}": variable for name, variable in self.unet.named_variables().items()}
