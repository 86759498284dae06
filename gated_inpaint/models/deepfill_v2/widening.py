"""A gated generator of twice the width that completes as the narrow one does.

Training goes on from there with four times the weights. Every channel becomes two equal ones. What reads it reads both, with shares
of the old weight that add up to it and are drawn at random, so that training moves the two apart. Features and gates are doubled
alike: the split still finds its halves.

The attention compares patches, and divides by the length of one of the two: with twice the channels, scores are sqrt(2) times as
large. The features that it compares are therefore made smaller by that much; the layer that reads what it rebuilt makes up for it.

Reference: "Net2Net: Accelerating Learning via Knowledge Transfer", arXiv 1511.05641, for networks without gates and attention.
"""

import math

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.deepfill_v2.generator import Generator
from gated_inpaint.models.deepfill_v2.tables import AFTER_ATTENTION, BEFORE_ATTENTION, COARSE, HALLUCINATION, TABLES
from gated_inpaint.models.rows import LastConv

_READS_PICTURES = (COARSE[0], HALLUCINATION[0], BEFORE_ATTENTION[0])


def widened(network: Generator, seed: int = 0) -> Generator:
    """The network of twice the width.

    Arguments:
      network: a gated generator, with or without a sketch.
      seed: of the shares.

    Raises:
      InputError: the generator is not gated.
    """
    if not isinstance(network, Generator) or network.convolution != "gated":
        raise InputError(f"Only DeepFill v2's gated generator can be made wider, not a {network.describe()}.")
    random = np.random.default_rng(seed)
    wide = Generator(2 * network.width, network.takes_sketch, dtype="float32")
    for row in (row for table in TABLES for row in table):
        layer, wide_layer = getattr(network, row.name), getattr(wide, row.name)
        kernel, bias = (np.asarray(variable, np.float64) for variable in (layer.kernel, layer.bias))
        if row not in _READS_PICTURES:
            shares = random.uniform(0.3, 0.7, kernel.shape)
            # A channel and its double lie side by side: [height, width, channels, 2, outputs] until they are joined.
            kernel = np.stack([shares * kernel, (1 - shares) * kernel], axis=3).reshape(*kernel.shape[:2], -1, kernel.shape[3])
        if not isinstance(row, LastConv):
            kernel, bias = np.repeat(kernel, 2, axis=3), np.repeat(bias, 2)
        if row is BEFORE_ATTENTION[-1]:  # Its activation is ReLU: smaller features in, smaller features out.
            features = slice(len(bias) // 2)
            kernel[..., features] /= math.sqrt(2)
            bias[features] /= math.sqrt(2)
        if row is AFTER_ATTENTION[0]:
            kernel *= math.sqrt(2)
        wide_layer.kernel.assign(kernel.astype(np.float32))
        wide_layer.bias.assign(bias.astype(np.float32))
    return wide
