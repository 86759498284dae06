"""VGG-16 and VGG-19: classifiers of photos, on whose maps perceptual and style losses and neural patches are measured.

Five blocks of 3x3 convolutions, each followed by a ReLU, and 2x2 max pooling behind each block. The maps are "relu1_1", "relu1_2",
"pool1", "relu2_1", ... The dense layers are left out. Padding is 'SAME', in the pooling too: an odd last row and column is kept,
as in Caffe, where these networks are from. (Keras and torchvision drop it. Even sides are the same everywhere.)

Two trainings are read, and each wants its pictures in its own form, see `PREPARATIONS`:

  "keras"        .h5 of Keras' applications; these are the authors' weights, from Caffe
  "torchvision"  .pth of torchvision, which trained the network anew

Widths follow from the file, and it may end early: its maps do then.

Reference: "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv 1409.1556, table 1, columns D and E.
"""

import os
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.features.network import FeatureMap, FeatureNetwork

# Convolutions of each block.
BLOCKS = {"VGG-16": (2, 2, 3, 3, 3), "VGG-19": (2, 2, 4, 4, 4)}

# The files that are published, and what tells them: Keras says the MD5, and torchvision's names have the SHA-256's first digits.
FILES = {
    "VGG-16": (
        "Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 (MD5 6d6bbae143d832006294945121d1f1fc)",
        "torchvision's vgg16-397923af.pth (its SHA-256 begins with 397923af)",
    ),
    "VGG-19": (
        "Keras' vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 (MD5 253f8cb515780f3b799900260a226db6)",
        "torchvision's vgg19-dcbb9e9d.pth (its SHA-256 begins with dcbb9e9d)",
    ),
}


class Preparation(NamedTuple):
    """What a training was shown of a picture: its levels, less a mean and over a deviation for each channel."""

    white: float  # The level of white; black is 0.
    mean: "tuple[float, float, float]"  # In the network's order of channels.
    deviation: "tuple[float, float, float]"
    reversed: bool  # BGR.
    magnitude: float  # Of the maps: about what activations are.


PREPARATIONS = {
    "keras": Preparation(255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0), True, 100.0),
    "torchvision": Preparation(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), False, 1.0),
}

_STRIDES = (4, 8, 16)


class VGG(FeatureNetwork):
    """A VGG with its weights.

    Arguments:
      name: "VGG-16" or "VGG-19".
      convolutions: {"conv1_1": (kernel [3, 3, inputs, outputs], bias [outputs]), ...}, in order: arrays, or variables of somebody
        else's.
      training: whose they are, a name in `PREPARATIONS`.
      dtype: what it computes in: float32, bfloat16, or float64, which makes maps of float64.

    A call prepares pictures in [-1, 1]. `maps_of` takes them prepared, or in whatever other form somebody's code shows them.
    """

    def __init__(self, name, convolutions, training, dtype=tf.float32):
        self.name, self.preparation = name, PREPARATIONS[training]
        self.magnitude = self.preparation.magnitude
        self._dtype = tf.as_dtype(dtype)
        self._made_in = tf.float32 if self._dtype == tf.bfloat16 else self._dtype
        self._layers, self.maps = [], {}
        for block, names in enumerate(_in_blocks(name, convolutions), start=1):
            for one in names:
                kernel, bias = (self._frozen(array) for array in convolutions[one])
                self._layers.append((one.replace("conv", "relu"), kernel, bias))
                self.maps[self._layers[-1][0]] = FeatureMap(int(bias.shape[0]), 2 ** (block - 1))
            if len(names) == BLOCKS[name][block - 1]:
                self._layers.append((f"pool{block}", None, None))
                self.maps[f"pool{block}"] = FeatureMap(int(bias.shape[0]), 2**block)
        last_of = {one.stride: map_name for map_name, one in self.maps.items() if map_name.startswith("relu")}
        self.default_maps = tuple(last_of[stride] for stride in _STRIDES if stride in last_of)

    def _frozen(self, array):
        return tf.Variable(array, trainable=False, dtype=self._dtype) if isinstance(array, np.ndarray) else array

    def named_variables(self):
        """{"conv1_1/kernel": variable, "conv1_1/bias": variable, ...}"""
        convolutions = [(name.replace("relu", "conv"), *pair) for name, *pair in self._layers if pair[0] is not None]
        return {f"{name}/{part}": one for name, *pair in convolutions for part, one in zip(("kernel", "bias"), pair)}

    def __call__(self, pictures, names=None):
        return self.maps_of(self.prepared(pictures), names)

    def prepared(self, pictures):
        """Pictures as its training saw them, of RGB in [-1, 1]."""
        white, mean, deviation, is_reversed, _ = self.preparation
        pictures = tf.cast(pictures, self._made_in)
        pictures = pictures[..., ::-1] if is_reversed else pictures
        scale, offset = (np.divide(levels, deviation) for levels in (np.full(3, white / 2.0), white / 2.0 - np.asarray(mean)))
        return pictures * tf.constant(scale, self._made_in) + tf.constant(offset, self._made_in)

    def maps_of(self, prepared, names=None):
        """As a call, of what the first convolution is to read, [batch, height, width, 3]."""
        names = set(self.default_maps if names is None else names)
        found, features = {}, tf.cast(prepared, self._dtype)
        for name, kernel, bias in self._layers:
            if len(found) == len(names):
                break
            if kernel is None:
                features = tf.nn.max_pool2d(features, 2, 2, "SAME")
            else:
                features = tf.nn.relu(tf.nn.conv2d(features, kernel, 1, "SAME") + bias)
            if name in names:
                found[name] = tf.cast(features, self._made_in)
        return found


def from_keras(layers, path, dtype=tf.float32):
    """The `VGG` of what `read_keras_h5` read from a path; InputError if it is none."""
    names = {f"block{block}_conv{number}": f"conv{block}_{number}" for block in range(1, 6) for number in range(1, 5)}
    found = {names[layer]: weights for layer, weights in layers.items() if layer in names}
    if "conv1_1" not in found:
        first = ", ".join(list(layers)[:3]) or "none"
        raise InputError(f"{path} holds no VGG: its first layers are {first}. {what_to_get()}")
    return _made({name: (one["kernel"], one.get("bias")) for name, one in found.items()}, "keras", path, dtype)


def from_torchvision(arrays, path, dtype=tf.float32):
    """The `VGG` of {name: array} of a PyTorch file; None if its names are not those of torchvision's VGG.

    Raises:
      InputError: it is another network of the same names, or its shapes are wrong.
    """
    kernels = {name: array for name, array in arrays.items() if name.startswith("features.") and name.endswith(".weight")}
    first = arrays.get("features.0.weight")
    if first is None or first.ndim != 4 or first.shape[1:] != (3, 3, 3):
        return None
    other = None
    if any(array.ndim == 1 for array in kernels.values()):
        other = "is a VGG with batch normalisation, which is not here"
    elif {"classifier.1.weight", "classifier.4.weight"} & set(arrays):
        other = "is Caffe's VGG in a PyTorch file, which wants other pictures than torchvision's: take Keras' file"
    place, names = 0, {}
    for block, count in enumerate(BLOCKS["VGG-19" if "features.16.weight" in kernels else "VGG-16"], start=1):
        for number in range(1, count + 1):
            names[f"features.{place}"] = f"conv{block}_{number}"
            place += 2
        place += 1
    if other is None and not {name[: -len(".weight")] for name in kernels} <= set(names):
        other = "has convolutions where neither VGG-16 nor VGG-19 has any"
    if other:
        raise InputError(f"{path} {other}. {what_to_get()}")
    convolutions = {
        ours: (arrays[f"{theirs}.weight"].transpose(2, 3, 1, 0), arrays.get(f"{theirs}.bias"))
        for theirs, ours in names.items()
        if f"{theirs}.weight" in arrays and arrays[f"{theirs}.weight"].ndim == 4
    }
    return _made(convolutions, "torchvision", path, dtype)


def what_to_get(name=None):
    """A sentence for whoever has no file of a VGG, or of either."""
    files = [file for one in (FILES if name is None else (name,)) for file in FILES[one]]
    return f"Get {', or '.join(files)}, and give its path."


def seems_meant(path):
    """Whether a path that leads nowhere was meant for a VGG's file."""
    path = os.path.basename(path).lower()
    return path.endswith(".h5") or "vgg" in path


def _made(convolutions, training, path, dtype):
    name = "VGG-19" if "conv3_4" in convolutions else "VGG-16"
    inputs, in_order = 3, [one for names in _in_blocks(name, convolutions) for one in names]
    for one in convolutions:
        if one not in in_order:
            raise InputError(f"{path} has {one} of a {name}, and not all that is before it. {what_to_get(name)}")
    for one in in_order:
        kernel, bias = convolutions[one]
        if bias is None or kernel.shape[:3] != (3, 3, inputs) or bias.shape != kernel.shape[3:]:
            raise InputError(
                f"{path}: the kernel of {one} has shape {list(kernel.shape)} and its bias {list(np.shape(bias))}, and {name} needs "
                f"[3, 3, {inputs}, channels] and [channels]. {what_to_get(name)}"
            )
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise InputError(f"{path}: {one} holds values that are not finite.")
        inputs = kernel.shape[3]
    return VGG(name, {one: convolutions[one] for one in in_order}, training, dtype)


def _in_blocks(name, convolutions):
    """The names of convolutions, block by block, as far as there are all of them."""
    found = []
    for block, count in enumerate(BLOCKS[name], start=1):
        found.append([])
        for one in (f"conv{block}_{number}" for number in range(1, count + 1)):
            if one not in convolutions:
                return found if found[-1] else found[:-1]
            found[-1].append(one)
    return found
