"""Losses that options add to any model's own: in the maps of a pretrained network, and the variation in the hole.

They are those of partial convolution's training beside its L1, with its weights; off until a network is given.

  perceptual       L1 of the maps, of the network's picture and of the completed one, against the photo's
  style            the same of the maps' Gram matrices
  total variation  of the completed picture, in the hole grown by one pixel

Maps are divided by the network's magnitude first, so that weights mean about the same whatever the network.

Reference: "Image Inpainting for Irregular Holes Using Partial Convolutions", arXiv 1804.07723, section 3.3.
"""

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.features import load_feature_network
from gated_inpaint.losses.perceptual import map_distance, style_distance
from gated_inpaint.losses.reconstruction import hole_variation


class AddedLosses:
    """The losses of settled options.

    Arguments:
      options: `TrainingOptions`: its `perceptual_*`, `style_weight` and `total_variation_weight`.
      network: the `FeatureNetwork` of `--perceptual_network`; None without one.

    Call with photos, their masks and the `Completion` of a step. Returns {name: float32 scalar} of those that have a weight, each
    without it.

    Attributes:
      weights: {name: weight}.
      called: whether a step has asked for them.

    Raises:
      InputError: the network has no such map.
    """

    def __init__(self, options, network=None):
        self.called, self.network = False, network
        of_network = {"perceptual": options.perceptual_weight, "style": options.style_weight} if network is not None else {}
        weights = {**of_network, "total_variation": options.total_variation_weight}
        self.weights = {name: weight for name, weight in weights.items() if weight}
        if network is not None:
            self._names = options.perceptual_maps.split(",") if options.perceptual_maps else network.default_maps
            unknown = [name for name in self._names if name not in network.maps]
            if unknown:
                raise InputError(f"--perceptual_maps: {network.name} has no map {unknown[0]!r}, only {', '.join(network.maps)}.")

    def __call__(self, photo, mask, completion):
        self.called, made = True, {}
        if "perceptual" in self.weights or "style" in self.weights:
            wanted = self._maps(photo)
            of_both = self._maps(tf.concat([completion.output, completion.composite], axis=0))
            for half in (0, 1):
                maps = {name: tf.split(features, 2)[half] for name, features in of_both.items()}
                for name, distance in (("perceptual", map_distance), ("style", style_distance)):
                    if name in self.weights:
                        made[name] = made.get(name, 0.0) + distance(wanted, maps)
        if "total_variation" in self.weights:
            made["total_variation"] = hole_variation(completion.composite, mask)
        return made

    def _maps(self, pictures):
        return {name: features / self.network.magnitude for name, features in self.network(pictures, self._names).items()}


def added_losses(options):
    """The `AddedLosses` of settled options, None if they add none; made under the strategy's scope."""
    network = load_feature_network(options.perceptual_network, options.precision) if options.perceptual_network else None
    made = AddedLosses(options, network)
    return made if made.weights else None
