"""Weights of EfficientNet-Lite by random numbers that follow from their names alone."""

import zlib

import numpy as np
from torch_file import write_state_dict

from gated_inpaint.features.efficientnet_lite import expected_shapes


def random_weight(name, shape):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) == 4:
        return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)
    positive = name.endswith(("weight", "running_var"))
    return (rng.uniform(0.5, 1.5, shape) if positive else rng.normal(0, 0.2, shape)).astype(np.float32)


def random_weights(name):
    return {one: random_weight(one, shape) for one, shape in expected_shapes(name).items()}


def write_efficientnet_lite(path, name="EfficientNet-Lite0", **changed):
    return write_state_dict(path, {**random_weights(name), **changed})
