"""What a feature network is: frozen, and asked for its maps by name."""

from typing import NamedTuple

import tensorflow as tf


class FeatureMap(NamedTuple):
    """One of a network's maps."""

    channels: int
    stride: int  # Pixels of the picture a position: the map's sides are the picture's over it, rounded up.


class FeatureNetwork:
    """A network that turns pictures into feature maps. Its variables do not train, and no checkpoint holds them.

    Attributes:
      name: the network's, for people.
      maps: {name: FeatureMap} of all that it can be asked for, from the first to the last.
      default_maps: names of those to take where nothing else is asked for, from fine to coarse.
      magnitude: what divides the maps to be of the order of one.
    """

    name: str
    maps: "dict[str, FeatureMap]"
    default_maps: "tuple[str, ...]"
    magnitude: float = 1.0

    def __call__(self, pictures, names=None) -> "dict[str, tf.Tensor]":
        """The maps of pictures.

        Arguments:
          pictures: RGB, float32 [batch, height, width, 3] in [-1, 1].
          names: of the maps; None for the default ones. What no named map needs is not computed.

        Returns:
          {name: float32 [batch, rows, columns, channels]}, in the order of `maps`.
        """
        raise NotImplementedError
