"""CSA's generator: a rough picture, then a refined one whose features are coherent in the hole.

  rough       the U-Net of pix2pix, of the photo with its hole filled with one colour
  refinement  a deeper U-Net with coherent semantic attention, of the rough picture in the hole and the photo outside it, beside the
              photo with an empty hole; no gradient goes back to the rough network

Neither is told where the hole is but by what it shows. The refined picture is not bounded; known pixels of the result are the
photo's, which the authors' code leaves to the network.

Conventions of pictures and masks are those of `gated_inpaint.types`.

Reference: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384, section 3; its authors' code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers.coherent_semantic_attention import GRADIENTS, SIMILARITIES
from gated_inpaint.models.csa.refinement import LEVEL, Refinement
from gated_inpaint.models.unet import NetworkOfUNets, UNet
from gated_inpaint.ops.feature_masks import covered_mask
from gated_inpaint.types import Completion

RELEASED_WIDTH, RELEASED_LEVELS = 64, 8
HALVINGS = LEVEL - 1  # Of the mask's sides, to the features that attention fills.

FILL = (123.0, 104.0, 117.0)  # Levels of the hole's colour, as in the authors' code.
ROUGH_ROOT, REFINEMENT_ROOT = "net_P", "net_G"


@keras.utils.register_keras_serializable(package="gated_inpaint.csa")
class Generator(NetworkOfUNets):
    """Both stages.

    Arguments:
      width: channels of both networks' first level; 64 as released: 132,111,750 parameters.
      levels: of the rough network, at least 5: pictures have sides of 2 ** levels pixels, or multiples of it; 8 as released. The
        refinement has one more, which halves nothing.
      similarity: of `CoherentSemanticAttention`: "cosine", the paper, or "released", its authors' code. Weights go with one.
      gradient: of that layer, in training: "whole" or "truncated".
      region: where it has learned holes: "centre", or "random" for anywhere. The network is the same.
      dtype: "float32", or "mixed_bfloat16" for convolutions in bfloat16. By default what Keras' global policy says.

    Call with `Inputs`, [image, mask] or {"image": ..., "mask": ...}. Returns a `Completion` with stages "rough" and "refined"; its
    offsets are those of the attention.

    Raises:
      ValueError: an argument is none of these; a sketch is given.
    """

    learned_in_training = ("region", "gradient")

    def __init__(
        self,
        width=RELEASED_WIDTH,
        levels=RELEASED_LEVELS,
        similarity="cosine",
        gradient="whole",
        region="random",
        dtype=None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        given = {
            "similarity": (similarity, SIMILARITIES),
            "gradient": (gradient, GRADIENTS),
            "region": (region, ("centre", "random")),
        }
        for name, (value, choices) in given.items():
            if value not in choices:
                raise ValueError(f"CSA's {name} is one of {', '.join(choices)}, not {value!r}.")
        if levels < LEVEL + 1:
            raise ValueError(f"CSA has {LEVEL + 1} levels at least, not {levels}.")
        self.width, self.levels, self.similarity, self.gradient, self.region = width, levels, similarity, gradient, region
        self.rough = UNet(width, levels, name="rough", dtype=self.layer_dtype)
        self.rough.build((None, None, None, 3))
        self.refinement = Refinement(width, levels + 1, similarity, gradient, name="refinement", dtype=self.layer_dtype)
        self.refinement.build((None, None, None, 6))
        self.built = True

    def complete(self, inputs):
        """A `Completion`, and the features that are to be like the photo's, see `Refinement`."""
        image, mask, _ = self.checked_inputs(inputs)
        mask = tf.cast(mask, tf.float32)
        masked = image * (1.0 - mask)
        rough = self.rough(masked + mask * (tf.constant(FILL) / 127.5 - 1.0))
        pasted = tf.stop_gradient(rough) * mask + masked
        refined, offsets, features = self.refinement(tf.concat([pasted, masked], axis=-1), self.hole_of_features(mask))
        return Completion(refined, refined * mask + masked, {"rough": rough, "refined": refined}, offsets), features

    def hole_of_features(self, mask):
        """The mask of the features that attention fills; it may be empty where the hole is thin."""
        return covered_mask(mask, HALVINGS)

    def get_config(self):
        names = ("width", "levels", "similarity", "gradient", "region")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def describe(self):
        holes = "a hole in the centre" if self.region == "centre" else "holes anywhere"
        form = "the paper's" if self.similarity == "cosine" else "the released"
        return f"CSA for {holes} of {self.picture_size}x{self.picture_size} pixels, {form} similarity, base width {self.width}"

    def named_variables(self):
        """{"net_P/model.model.0/kernel": variable, "net_G/...": variable, ...}: the places of modules in the authors' files."""
        stages = {ROUGH_ROOT: self.rough, REFINEMENT_ROOT: self.refinement}
        return {f"{root}/{name}": variable for root, stage in stages.items() for name, variable in stage.named_variables().items()}
