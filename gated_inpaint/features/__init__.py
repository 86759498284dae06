"""Pretrained networks, given by path, that turn pictures into feature maps: for losses, critics and metrics.

`load_feature_network` reads one, whatever its file is. Nothing here trains: the networks are frozen.
"""

from gated_inpaint.features.reading import load_feature_network

__all__ = ["load_feature_network"]
