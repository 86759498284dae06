"""Both networks of the Context Encoder as tables, one row a layer with weights and what follows it.

Every kernel is 4x4. A row has stride 2, so it halves the map's sides, or doubles them if it is
transposed; a row that is `whole` goes from 4x4 positions to one, or from one to 4x4, and is a fully
connected layer. Behind the convolution come batch normalisation and an activation. Channels are in
units of the base width (64 as released), but for those of the bottleneck (4000) and of the picture.

The two forms differ where the hole can be. A hole in the centre: 128x128 pixels go in, and the
middle 64x64 come out. Holes anywhere ("random regions"): all 128x128 come out, for which generator
and discriminator have one more row.

Reference: "Context Encoders: Feature Learning by Inpainting", arXiv 1604.07379, section 4 and
figure 9; its authors' released code.
"""

from typing import NamedTuple, Union

BOTTLENECK, PICTURE, SCORE = "bottleneck", "picture", "score"  # In place of channels.


class Row(NamedTuple):
    """Name of the convolution, its channels, and what is not default. The normalisation of "conv2" is "bn2"."""

    name: str
    channels: Union[int, str]
    whole: bool = False
    normalised: bool = True

    @property
    def transposed(self):
        return self.name.startswith("deconv")

    @property
    def normalisation(self):
        return self.name.replace("deconv", "bn").replace("conv", "bn")


ENCODER = (
    Row("conv1", 1, normalised=False),
    Row("conv2", 1),
    Row("conv3", 2),
    Row("conv4", 4),
    Row("conv5", 8),
    Row("conv6", BOTTLENECK, whole=True),
)

DECODERS = {
    "centre": (
        Row("deconv7", 8, whole=True),
        Row("deconv8", 4),
        Row("deconv9", 2),
        Row("deconv10", 1),
        Row("deconv11", PICTURE, normalised=False),
    ),
    "random": (
        Row("deconv7", 8, whole=True),
        Row("deconv8", 4),
        Row("deconv9", 2),
        Row("deconv10", 1),
        Row("deconv11", 1),
        Row("deconv12", PICTURE, normalised=False),
    ),
}

DISCRIMINATORS = {
    "centre": (
        Row("conv1", 1, normalised=False),
        Row("conv2", 2),
        Row("conv3", 4),
        Row("conv4", 8),
        Row("conv5", SCORE, whole=True, normalised=False),
    ),
    "random": (
        Row("conv1", 1, normalised=False),
        Row("conv2", 1),
        Row("conv3", 2),
        Row("conv4", 4),
        Row("conv5", 8),
        Row("conv6", SCORE, whole=True, normalised=False),
    ),
}

NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")


def channels_of(row, width, bottleneck=None):
    """How many channels a row makes."""
    return {BOTTLENECK: bottleneck, PICTURE: 3, SCORE: 1}.get(row.channels) or row.channels * width


def shapes_of(table, root, width, bottleneck=None, biases=False):
    """{"root/conv1/kernel": shape, ...} of a table's variables; the first row reads a picture."""
    shapes, inputs = {}, 3
    for row in table:
        outputs = channels_of(row, width, bottleneck)
        shapes[f"{root}/{row.name}/kernel"] = (4, 4, outputs, inputs) if row.transposed else (4, 4, inputs, outputs)
        if biases:
            shapes[f"{root}/{row.name}/bias"] = (outputs,)
        if row.normalised:
            shapes.update({f"{root}/{row.normalisation}/{name}": (outputs,) for name in NORMALISATION})
        inputs = outputs
    return shapes
