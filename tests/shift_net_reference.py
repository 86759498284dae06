"""Shift-Net's reference data: its pictures and network, as our tests take them."""

import numpy as np
from conftest import DATA

from gated_inpaint.types import Inputs

FILE = np.load(DATA / "shift_network.npz")
PTH = DATA / "weight_files/shift_30_net_G.pth"


def maps(name):
    """An array of the file, channels last."""
    return FILE[name].transpose(0, 2, 3, 1)


def reference_inputs():
    return Inputs(maps("image"), FILE["mask"][np.newaxis, ..., np.newaxis].astype(np.float32))
