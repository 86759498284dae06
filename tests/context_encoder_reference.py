"""The Context Encoder's reference data: its pictures and networks, as our tests take them."""

import numpy as np
from conftest import DATA

from gated_inpaint.models.context_encoder import Discriminator
from gated_inpaint.types import Inputs

FILE = np.load(DATA / "context_encoder.npz")
T7 = DATA / "weight_files/context_encoder_inpaintCenter.t7"
KINDS = {"kernel": "w", "moving_mean": "mean", "moving_variance": "var"}  # In the reference data; others are the same.


def pictures(name):
    return FILE[name].astype(np.float32).transpose(0, 2, 3, 1)


def reference_inputs():
    mask = np.zeros([2, 128, 128, 1], np.float32)
    mask[:, 36:92, 36:92] = 1
    return Inputs(pictures("image"), mask)


def reference_discriminator():
    discriminator = Discriminator("centre", 4)
    for name, variable in discriminator.named_variables().items():
        _, scope, kind = name.split("/")
        key = f"D_{scope}_{KINDS.get(kind, kind)}"
        variable.assign(FILE[key].transpose(2, 3, 1, 0) if kind == "kernel" else FILE[key])
    return discriminator
