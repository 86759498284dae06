"""A network of the house, with any weights."""

import hashlib

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.methods.method import Method
from gated_inpaint.inference import Inpainter


class Weights(Method):
    """Arguments: what `Inpainter` takes as weights; None for those bundled, of which thin holes have their own."""

    def __init__(self, path):
        # Pictures as they are; those that a network of one size does not take, it has in crops all the same.
        self._inpainter = Inpainter(path, hd_strategy="original")
        network = self._inpainter.network
        if network.takes_sketch:
            raise InputError(f"{path} are guided weights: they need sketches, and an evaluation has none.")
        networks = [_described(network)]
        of_thin = self._inpainter.fitting(np.eye(64, dtype=bool))
        if of_thin is not self._inpainter:
            networks.append(f"for thin holes {_described(of_thin.network)}")
        source = "the bundled weights" if path is None else f"the weights {path}"
        self.description = f"{source}, {'; '.join(networks)}, TensorFlow {tf.__version__}"

    def refusal(self, mask):
        return self._inpainter.network.refusal(mask.shape, mask)

    def complete(self, image, mask, key):
        return self._inpainter(image, mask)


def _described(network):
    digest = hashlib.sha256()
    for _, variable in sorted(network.named_variables().items()):
        digest.update(variable.numpy().tobytes())
    return f"{network.describe()}, sha256 {digest.hexdigest()[:16]}"
