"""CSA's reference data: its pictures and networks, as our tests take them."""

import numpy as np
from conftest import DATA

from gated_inpaint.models.csa import FeatureDiscriminator
from gated_inpaint.types import Inputs

FILE = np.load(DATA / "csa_networks.npz")
P, G, D = (DATA / f"weight_files/csa_30_net_{part}.pth" for part in "PGD")


def maps(name):
    """An array of the file, channels last."""
    return FILE[name].transpose(0, 2, 3, 1)


def reference_inputs():
    return Inputs(maps("image"), FILE["mask"][np.newaxis, ..., np.newaxis].astype(np.float32))


def reference_feature_discriminator():
    critic = FeatureDiscriminator(16, 24)
    for number, place in enumerate((0, 2, 5), start=1):
        critic.named_variables()[f"net_F/model.{place}/kernel"].assign(FILE[f"F_conv{number}_w"].transpose(2, 3, 1, 0))
        critic.named_variables()[f"net_F/model.{place}/bias"].assign(FILE[f"F_conv{number}_b"])
    return critic
