"""The discriminators: of the whole picture and of the crop around the hole, joined to one score.

Each is a row of 5x5 convolutions of stride 2, normalised like those of the completion network, and
a dense layer with ReLU. Their two vectors are joined, the crop's first, and scored together: high
for what looks real. They see pictures without masks. Dense layers make them take pictures of one
size.

Reference: "Globally and Locally Consistent Image Completion", ACM Transactions on Graphics 36(4),
2017, section 3.3.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.models.contract import Network
from gated_inpaint.models.global_local.blocks import Block, check_layer_order, exact_dtype
from gated_inpaint.models.global_local.completion_network import check_picture_range, in_range
from gated_inpaint.models.global_local.tables import DISCRIMINATOR, FEATURES, LOCAL_ROWS

PAPER_WIDTH = 64
PARTS = ("local", "global")


@keras.utils.register_keras_serializable(package="gated_inpaint.global_local")
class Discriminator(Network):
    """Both discriminators and their join.

    Arguments:
      side, local_side: of the square pictures and of the crops, in pixels; 256 and 128 in the paper.
      width: base width; 64 in the paper: with those sides 45,063,681 trained parameters.
      global_convolutions: 6 in the paper; 5 in the port's form for CelebA, with sides of 160 and 96.
      layer_order, picture_range: those of the completion network, see there.

    Call with a pair: pictures, float32 [batch, side, side, 3], and crops of them, [batch,
    local_side, local_side, 3], in [-1, 1]; training and moves_statistics as of `BatchNorm`. Returns
    scores before any sigmoid, float32 [batch, 1].

    Raises:
      ValueError: an argument is none of those; the pictures have another size.

    """

    def __init__(
        self,
        side=256,
        local_side=128,
        width=PAPER_WIDTH,
        global_convolutions=6,
        layer_order="norm_relu",
        picture_range="unit",
        dtype=None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        check_layer_order(layer_order)
        check_picture_range(picture_range)
        if not 1 <= global_convolutions <= len(DISCRIMINATOR):
            raise ValueError(f"The whole picture's discriminator has 1 to {len(DISCRIMINATOR)} rows, not {global_convolutions}.")
        self.sides = {"local": local_side, "global": side}
        self.rows = {"local": DISCRIMINATOR[:LOCAL_ROWS], "global": DISCRIMINATOR[:global_convolutions]}
        self.width, self.layer_order, self.picture_range = width, layer_order, picture_range
        for part in PARTS:
            channels, rest = 3, self.sides[part]
            for row in self.rows[part]:
                block = Block(row, width, layer_order, channels, name=f"{part}_{row.name}", dtype=self.layer_dtype)
                setattr(self, block.name, block)
                channels, rest = block.filters, -(-rest // row.stride)
            dense = keras.layers.Dense(FEATURES * width, "relu", name=f"{part}_dense", dtype=self.layer_dtype)
            dense.build((None, rest * rest * channels))
            setattr(self, dense.name, dense)
        self.join = keras.layers.Dense(1, name="join", dtype=exact_dtype(self.layer_dtype))
        self.join.build((None, len(PARTS) * FEATURES * width))
        self.built = True

    def call(self, inputs, training=False, moves_statistics=True):
        picture, crop = inputs
        features = [self.features(part, pictures, training, moves_statistics) for part, pictures in zip(PARTS, (crop, picture))]
        return tf.cast(self.join(tf.concat(features, axis=-1)), tf.float32)

    def features(self, part, pictures, training=False, moves_statistics=True):
        """What one of the two, "local" or "global", makes of its pictures: [batch, 16 * width], not negative."""
        side = self.sides[part]
        if pictures.shape[1:] != (side, side, 3):
            raise ValueError(f"The {part} discriminator takes pictures of {side}x{side} pixels, not of shape {pictures.shape[1:]}.")
        features = in_range(pictures, self.picture_range)
        for row in self.rows[part]:
            features = getattr(self, f"{part}_{row.name}")(features, training=training, moves_statistics=moves_statistics)
        dense = getattr(self, f"{part}_dense")
        return dense(tf.reshape(features, [-1, dense.kernel.shape[0]]))

    def get_config(self):
        return {
            **super().get_config(),
            "side": self.sides["global"],
            "local_side": self.sides["local"],
            "width": self.width,
            "global_convolutions": len(self.rows["global"]),
            "layer_order": self.layer_order,
            "picture_range": self.picture_range,
        }

    def named_variables(self):
        """{"discriminator/local/conv1/kernel": variable, ..., "discriminator/join/bias": ...}"""
        variables = {}
        for part in PARTS:
            for row in self.rows[part]:
                of_block = getattr(self, f"{part}_{row.name}").named_variables()
                variables.update({f"discriminator/{part}/{row.name}/{name}": variable for name, variable in of_block.items()})
            variables.update(_of_dense(f"discriminator/{part}/dense", getattr(self, f"{part}_dense")))
        return {**variables, **_of_dense("discriminator/join", self.join)}


def _of_dense(scope, layer):
    return {f"{scope}/{name}": getattr(layer, name) for name in ("kernel", "bias")}
