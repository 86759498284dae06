"""EfficientNet-Lite: a small classifier of photos; here its convolutions, frozen, whose maps are features.

In go RGB pictures, float32 [batch, height, width, 3] in [-1, 1]; out come the maps behind its blocks, and behind the last
convolution ("head"). Batch normalisation is folded into the convolutions. Every padding is TensorFlow's 'SAME', every activation
ReLU6.

A block is an inverted bottleneck: a 1x1 convolution that widens, left out where the expansion is 1; a depthwise convolution; and a
1x1 convolution without activation that narrows. Where input and output have one shape they are added. What makes it Lite: no
squeeze-and-excitation, ReLU6, and larger variants keep stem, head, and the depth of the first and the last stage.

References: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv 1905.11946, table 1 and section 3.3;
"MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381, for the block.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

STEM_CHANNELS, HEAD_CHANNELS = 32, 1280  # A 3x3 convolution of stride 2 in front, and a 1x1 one behind, of every variant.
HEAD = "head"
_BATCH_NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """Blocks of one kind. The first has the stride; all others have 1."""

    blocks: int
    expansion: int
    kernel: int
    stride: int
    channels: int


LITE0 = (
    Stage(1, 1, 3, 1, 16),
    Stage(2, 6, 3, 2, 24),
    Stage(2, 6, 5, 2, 40),
    Stage(3, 6, 3, 2, 80),
    Stage(3, 6, 5, 1, 112),
    Stage(4, 6, 5, 2, 192),
    Stage(1, 6, 3, 1, 320),
)

# Width and depth, in those of Lite0.
VARIANTS = {"EfficientNet-Lite0": (1.0, 1.0), "EfficientNet-Lite2": (1.1, 1.2)}


class Block(NamedTuple):
    """One block, after scaling."""

    expansion: int
    kernel: int
    stride: int
    inputs: int
    channels: int

    @property
    def inner(self):
        return self.inputs * self.expansion

    @property
    def is_residual(self):
        return self.stride == 1 and self.inputs == self.channels


def blocks_of(variant):
    """The blocks of a variant, in order."""
    width, depth = VARIANTS[variant]
    blocks, inputs = [], STEM_CHANNELS
    for stage in LITE0:
        channels = _nearest_multiple_of_8(stage.channels * width)
        number = stage.blocks if stage in (LITE0[0], LITE0[-1]) else math.ceil(stage.blocks * depth)
        for index in range(number):
            blocks.append(Block(stage.expansion, stage.kernel, stage.stride if index == 0 else 1, inputs, channels))
            inputs = channels
    return blocks


def recognise(shapes):
    """The variant that {name: shape} of a PyTorch file's weights are of, or None."""
    convolutions = {name: tuple(shape) for name, shape in shapes.items() if name.endswith("conv.weight") or "_conv_" in name}
    return next((variant for variant in VARIANTS if convolutions == convolution_shapes(variant)), None)


def convolution_shapes(variant):
    """{name: shape} of a variant's convolutions, as a PyTorch file has them: [outputs, inputs of a group, height, width]."""
    blocks = blocks_of(variant)
    shapes = {"_conv_stem.weight": (STEM_CHANNELS, 3, 3, 3)}
    for index, block in enumerate(blocks):
        if block.expansion > 1:
            shapes[f"_blocks.{index}._expand_conv.weight"] = (block.inner, block.inputs, 1, 1)
        shapes[f"_blocks.{index}._depthwise_conv.weight"] = (block.inner, 1, block.kernel, block.kernel)
        shapes[f"_blocks.{index}._project_conv.weight"] = (block.channels, block.inner, 1, 1)
    shapes["_conv_head.weight"] = (HEAD_CHANNELS, blocks[-1].channels, 1, 1)
    return shapes


class EfficientNetLite:
    """The network without its classifier: a feature network as `reading` describes them.

    Arguments:
      variant: a name in `VARIANTS`.
      arrays: {name: array} of a PyTorch file, those of `convolution_shapes` and of the batch normalisations behind them.
      dtype: what it computes in, "float32" or "bfloat16".

    Attributes:
      channels: {map: channels}: "block0", "block1", ... and "head".
    """

    def __init__(self, variant, arrays, dtype="float32"):
        self.name, self._dtype = variant, tf.as_dtype(dtype)
        self._blocks = blocks_of(variant)
        self.channels = {**{f"block{index}": block.channels for index, block in enumerate(self._blocks)}, HEAD: HEAD_CHANNELS}
        self._stem = self._folded(arrays, "_conv_stem", "_bn0")
        self._expansions, self._depthwise, self._projections = [], [], []
        for index, block in enumerate(self._blocks):
            prefix = f"_blocks.{index}."
            has_expansion = block.expansion > 1
            self._expansions.append(self._folded(arrays, f"{prefix}_expand_conv", f"{prefix}_bn0") if has_expansion else None)
            self._depthwise.append(self._folded(arrays, f"{prefix}_depthwise_conv", f"{prefix}_bn1", depthwise=True))
            self._projections.append(self._folded(arrays, f"{prefix}_project_conv", f"{prefix}_bn2"))
        self._head = self._folded(arrays, "_conv_head", "_bn1")

    def __call__(self, pictures, maps=None):
        wanted, found = list(self.channels if maps is None else maps), {}
        features = tf.nn.relu6(_convolve(tf.cast(pictures, self._dtype), self._stem, stride=2))
        for index, block in enumerate(self._blocks):
            if len(found) == len(wanted):
                break
            features = self._run_block(index, block, features)
            if f"block{index}" in wanted:
                found[f"block{index}"] = features
        if HEAD in wanted:
            found[HEAD] = tf.nn.relu6(_convolve(features, self._head))
        return {name: tf.cast(found[name], tf.float32) for name in wanted}

    def _run_block(self, index, block, inputs):
        features = inputs
        if block.expansion > 1:
            features = tf.nn.relu6(_convolve(features, self._expansions[index]))
        kernel, bias = self._depthwise[index]
        features = tf.nn.depthwise_conv2d(features, kernel, [1, block.stride, block.stride, 1], "SAME")
        features = _convolve(tf.nn.relu6(features + bias), self._projections[index])
        return inputs + features if block.is_residual else features

    def _folded(self, arrays, convolution, norm, depthwise=False):
        """Kernel and bias that do what a convolution and the batch normalisation behind it do."""
        kernel = np.asarray(arrays[f"{convolution}.weight"], np.float64)
        scale, shift, mean, variance = (
            np.asarray(arrays[f"{norm}.{part}"], np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = scale / np.sqrt(variance + _BATCH_NORM_EPSILON)
        # TensorFlow's kernels are [height, width, inputs, outputs], depthwise ones [height, width, channels, 1].
        kernel = np.transpose(kernel * gain[:, np.newaxis, np.newaxis, np.newaxis], (2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        return tf.constant(kernel, self._dtype), tf.constant(shift - mean * gain, self._dtype)


def _convolve(features, weights, stride=1):
    kernel, bias = weights
    return tf.nn.conv2d(features, kernel, stride, "SAME") + bias


def _nearest_multiple_of_8(channels):
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8
