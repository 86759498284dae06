"""EfficientNet-Lite: a small classifier of photos, whose inner maps are features.

The maps are the outputs of its blocks, "block0", "block1", ...; head and classes are left out. Batch normalisation is folded into
the convolutions, padding is TensorFlow's 'SAME', and every activation ReLU6.

A block is an inverted bottleneck: a 1x1 convolution that widens (left out where the expansion is 1), a depthwise one, and a 1x1 one
without activation that narrows. The input is added where it has the output's shape. Lite leaves out squeeze-and-excitation.

Weights are those of PyTorch files, by their names there: `_conv_stem`, `_blocks.0._depthwise_conv`, ...

References: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv 1905.11946, table 1 and section 3.3;
"MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381, for the block. Lite is by the authors of the first.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gated_inpaint.features.network import FeatureMap, FeatureNetwork


class Stage(NamedTuple):
    """Blocks in a row; the first one has the stride."""

    blocks: int
    expansion: int
    kernel: int
    stride: int
    channels: int


# EfficientNet-Lite0.
STEM_CHANNELS, STEM_STRIDE = 32, 2
STAGES = (
    Stage(1, 1, 3, 1, 16),
    Stage(2, 6, 3, 2, 24),
    Stage(2, 6, 5, 2, 40),
    Stage(3, 6, 3, 2, 80),
    Stage(3, 6, 5, 1, 112),
    Stage(4, 6, 5, 2, 192),
    Stage(1, 6, 3, 1, 320),
)

# Channels and blocks of the others, over those of Lite0. Neither the stem nor the number of blocks in the first and the last stage
# is scaled.
SCALES = {"EfficientNet-Lite0": (1.0, 1.0), "EfficientNet-Lite2": (1.1, 1.2)}

BATCH_NORM_EPSILON = 1e-3

_DEFAULT_STRIDES = (4, 8, 16)
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


class Convolution(NamedTuple):
    """A convolution and the batch normalisation behind it, by their names in the file."""

    kernel: str
    norm: str
    shape: "tuple[int, int, int, int]"  # As the file has it: outputs, inputs, height, width.


class Block(NamedTuple):
    convolutions: "tuple[Convolution, ...]"
    stride: int
    channels: int
    adds_input: bool


def stem():
    return Convolution("_conv_stem", "_bn0", (STEM_CHANNELS, 3, 3, 3))


def blocks(name):
    """The blocks of a variant in `SCALES`, in order."""
    width, depth = SCALES[name]
    found, inputs = [], STEM_CHANNELS
    for stage in STAGES:
        count = stage.blocks if stage in (STAGES[0], STAGES[-1]) else math.ceil(stage.blocks * depth)
        channels = _multiple_of_8(stage.channels * width)
        for index in range(count):
            prefix, inner = f"_blocks.{len(found)}", inputs * stage.expansion
            expand = Convolution(f"{prefix}._expand_conv", f"{prefix}._bn0", (inner, inputs, 1, 1))
            convolutions = (
                Convolution(f"{prefix}._depthwise_conv", f"{prefix}._bn1", (inner, 1, stage.kernel, stage.kernel)),
                Convolution(f"{prefix}._project_conv", f"{prefix}._bn2", (channels, inner, 1, 1)),
            )
            stride = stage.stride if index == 0 else 1
            adds_input = stride == 1 and inputs == channels
            found.append(Block(convolutions if stage.expansion == 1 else (expand, *convolutions), stride, channels, adds_input))
            inputs = channels
    return found


def expected_shapes(name):
    """{name: shape} of a variant's weights as its file has them, but for head and classes."""
    shapes = {}
    for convolution in [stem(), *(one for block in blocks(name) for one in block.convolutions)]:
        shapes[f"{convolution.kernel}.weight"] = convolution.shape
        shapes.update({f"{convolution.norm}.{part}": convolution.shape[:1] for part in _BATCH_NORM})
    return shapes


def recognise(shapes):
    """The variant in `SCALES` whose weights a file with these {name: shape} holds, or None."""
    for name in SCALES:
        expected = expected_shapes(name)
        of_blocks = {one for one in shapes if one.startswith("_blocks.")}
        if of_blocks <= set(expected) and all(shapes.get(one) == shape for one, shape in expected.items()):
            return name
    return None


class EfficientNetLite(FeatureNetwork):
    """A variant with its weights.

    Arguments:
      name: of the variant, in `SCALES`.
      arrays: {name: array} of all that `expected_shapes` names.
      dtype: what the convolutions compute in, float32 or bfloat16.
    """

    magnitude = 6.0

    def __init__(self, name, arrays, dtype=tf.float32):
        self.name = name
        self._dtype = tf.as_dtype(dtype)
        self._blocks = blocks(name)
        self.maps, stride = {}, STEM_STRIDE
        for index, block in enumerate(self._blocks):
            stride *= block.stride
            self.maps[f"block{index}"] = FeatureMap(block.channels, stride)
        last_of = {one.stride: map_name for map_name, one in self.maps.items()}
        self.default_maps = tuple(last_of[stride] for stride in _DEFAULT_STRIDES)
        convolutions = [stem(), *(one for block in self._blocks for one in block.convolutions)]
        self._variables = {one.kernel: self._folded(one, arrays) for one in convolutions}

    def __call__(self, pictures, names=None):
        names = set(self.default_maps if names is None else names)
        found = {}
        features = tf.nn.relu6(self._convolve(stem(), tf.cast(pictures, self._dtype), STEM_STRIDE))
        for name, block in zip(self.maps, self._blocks):
            if len(found) == len(names):
                break
            before = features
            *expand, depthwise, project = block.convolutions
            for convolution in expand:
                features = tf.nn.relu6(self._convolve(convolution, features))
            kernel, bias = self._variables[depthwise.kernel]
            strides = [1, block.stride, block.stride, 1]
            features = tf.nn.relu6(tf.nn.depthwise_conv2d(features, kernel, strides, "SAME") + bias)
            features = self._convolve(project, features)
            if block.adds_input:
                features += before
            if name in names:
                found[name] = tf.cast(features, tf.float32)
        return found

    def _convolve(self, convolution, features, stride=1):
        kernel, bias = self._variables[convolution.kernel]
        return tf.nn.conv2d(features, kernel, stride, "SAME") + bias

    def _folded(self, convolution, arrays):
        """Kernel and bias of a convolution with the batch normalisation behind it, as variables."""
        kernel = np.asarray(arrays[f"{convolution.kernel}.weight"], np.float64)
        gain, shift, mean, variance = (np.asarray(arrays[f"{convolution.norm}.{part}"], np.float64) for part in _BATCH_NORM)
        gain = gain / np.sqrt(variance + BATCH_NORM_EPSILON)
        kernel = kernel * gain[:, np.newaxis, np.newaxis, np.newaxis]
        # A depthwise kernel has one input a channel in PyTorch and one output a channel in TensorFlow.
        is_depthwise = convolution.kernel.endswith("_depthwise_conv")
        kernel = kernel.transpose((2, 3, 0, 1) if is_depthwise else (2, 3, 1, 0))
        return tuple(tf.Variable(value, trainable=False, dtype=self._dtype) for value in (kernel, shift - mean * gain))


def _multiple_of_8(channels):
    """The nearest multiple of 8, or the next if that takes more than a tenth away."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest
