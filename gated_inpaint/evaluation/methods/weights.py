"""A network of the house, with any weights."""

import hashlib

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation.methods.method import Method
from gated_inpaint.inference import Inpainter


class Weights(Method):
    """Arguments: what `Inpainter` takes as weights; None for those bundled."""

    def __init__(self, path):
        # Pictures as they are; those that a network of one size does not take, it has in crops all the same.
        self._inpainter = Inpainter(path, hd_strategy="original")
        network = self._inpainter.network
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
