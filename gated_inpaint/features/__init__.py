"""Pretrained networks, given by path, that turn pictures into feature maps; they are frozen.

network            what each of them is: named maps, to be asked for
efficientnet_lite  EfficientNet-Lite0 and -Lite2
vgg                VGG-16 and VGG-19
saved_networks     SavedModels and Keras models
saved_model        a SavedModel as a function of pictures
reading            from a path, whatever network its file holds, to that network
"""

from gated_inpaint.features.network import FeatureMap, FeatureNetwork
from gated_inpaint.features.reading import file_md5, load_feature_network, load_vgg

__all__ = ["FeatureMap", "FeatureNetwork", "file_md5", "load_feature_network", "load_vgg"]
