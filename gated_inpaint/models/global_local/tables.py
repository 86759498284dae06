"""Both networks of Global&Local as tables, one row a convolution.

Names are those of the PyTorch port, since the authors' files have none. Channels are in units of
the base width (64 in the paper). Convolutions are padded with zeros, the same number on both sides:
with a stride that is not TensorFlow's 'SAME'.

Reference: "Globally and Locally Consistent Image Completion", ACM Transactions on Graphics 36(4),
2017, tables 1 to 3.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """A convolution, followed by batch normalisation and ReLU in the network's order."""

    name: str
    kernel: int
    channels: float
    stride: int = 1
    rate: int = 1
    doubles: bool = False  # Transposed: doubles height and width.


COMPLETION = (
    Row("conv1", 5, 1),
    Row("conv2", 3, 2, stride=2),
    Row("conv3", 3, 2),
    Row("conv4", 3, 4, stride=2),
    Row("conv5", 3, 4),
    Row("conv6", 3, 4),
    Row("conv7", 3, 4, rate=2),
    Row("conv8", 3, 4, rate=4),
    Row("conv9", 3, 4, rate=8),
    Row("conv10", 3, 4, rate=16),
    Row("conv11", 3, 4),
    Row("conv12", 3, 4),
    Row("deconv13", 4, 2, doubles=True),
    Row("conv14", 3, 2),
    Row("deconv15", 4, 1, doubles=True),
    Row("conv16", 3, 0.5),
)

# The completion network's last convolution, to three channels: neither normalised nor rectified.
LAST, LAST_KERNEL = "conv17", 3

# Of both discriminators: that of the crop has the first five, that of the whole picture all six.
DISCRIMINATOR = (
    Row("conv1", 5, 1, stride=2),
    Row("conv2", 5, 2, stride=2),
    Row("conv3", 5, 4, stride=2),
    Row("conv4", 5, 8, stride=2),
    Row("conv5", 5, 8, stride=2),
    Row("conv6", 5, 8, stride=2),
)
LOCAL_ROWS = 5

# Of each discriminator's dense layer, in units of the base width; one more joins the two.
FEATURES = 16
