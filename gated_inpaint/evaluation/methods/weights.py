"""A network of the house, with any weights."""

import hashlib

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.methods.method import Method
from gated_inpaint.inference import Inpainter
from gated_inpaint.weights import load_network


class Weights(Method):
    """Arguments: what `Inpainter` takes as weights; None for those bundled."""

    def __init__(self, path):
        network = load_network(path)
        # As they are, but for networks that take no other pictures than those of their one size.
        self._inpainter = Inpainter(path, hd_strategy="original" if network.picture_size is None else "auto")
        if network.takes_sketch:
            raise InputError(f"{path} are guided weights: they need sketches, and an evaluation has none.")
        digest = hashlib.sha256()
        for _, variable in sorted(network.named_variables().items()):
            digest.update(variable.numpy().tobytes())
        self.description = (
            f"{'the bundled weights' if path is None else f'the weights {path}'}, {network.describe()}, "
            f"sha256 {digest.hexdigest()[:16]}, TensorFlow {tf.__version__}"
        )

    def refusal(self, mask):
        return self._inpainter.network.refusal(mask.shape, mask)

    def complete(self, image, mask, key):
        return self._inpainter(image, mask)
