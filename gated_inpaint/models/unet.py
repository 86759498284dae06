"""What Shift-Net and CSA share: the U-Net of pix2pix, a picture out, and what is asked of networks made of such.

  down  level 1      convolution                                         half the picture's sides
        others       leaky ReLU, convolution, instance normalisation     half of the level above
        last         leaky ReLU, convolution                             1x1 positions
  up    last         ReLU, transposed convolution, normalisation
        others       the level below's and this level's, ReLU, transposed convolution, normalisation
        level 1      the same two, ReLU, transposed convolution, tanh

Every kernel is 4x4 of stride 2, so a picture's sides are multiples of 2 ** levels. Level 1 has
`width` channels, each level twice those of the one above, but eight times `width` at most.

A model may put more features in front of one level's transposed convolution, see `more`.

Reference: "Image-to-Image Translation with Conditional Adversarial Networks", arXiv 1611.07004,
appendix 6.1.
"""

import re

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import InstanceNorm
from gated_inpaint.masks import OVERLAP
from gated_inpaint.models.contract import Network

EPSILON, INITIAL_DEVIATION, SLOPE = 1e-5, 0.02, 0.2


class NetworkOfUNets(Network):
    """What networks of U-Nets have in common, by their `levels` and their `region`, "centre" or "random": where they learn holes.

    They have `complete`, from `Inputs` to a `Completion` and what their training looks at beside it.
    """

    levels: int
    region: str

    @property
    def divisor(self):
        """Sides of pictures are multiples of it: a U-Net ends in one position, or more of larger pictures."""
        return 2**self.levels

    @property
    def picture_size(self):
        """Side of the pictures that it was trained on; the U-Nets' last levels see all of them."""
        return 2**self.levels

    @property
    def hole_size(self):
        """Side of the box, in such a picture's middle, that a hole has to fit; None if it may be anywhere."""
        return self.picture_size // 2 - 2 * OVERLAP if self.region == "centre" else None

    def call(self, inputs, training=False):
        return self.complete(inputs)[0]

    def refusal(self, size, hole):
        return "The hole is the whole picture, so there is nothing to complete it from." if hole.all() else None


@keras.utils.register_keras_serializable(package="gated_inpaint")
class UNet(keras.layers.Layer):
    """The U-Net.

    Arguments:
      width: channels of the first level; 64 as released.
      levels: how often sides are halved; 8 as released, for pictures of 256 pixels a side.
      more: None, or (level, channels): so many channels are added in front of that level's
        transposed convolution, by the function that a call is given.
      dtype: of the convolutions. Normalisation and the picture are float32.

    Call with [batch, height, width, channels] and, where there is `more`, that function as
    `add_more`: of the level's features [batch, rows, columns, channels], behind their ReLU, the
    decoder's half first, to the same and more. Returns a picture, float32 [batch, height, width, 3]
    in [-1, 1].
    """

    def __init__(self, width=64, levels=8, more=None, **kwargs):
        super().__init__(**kwargs)
        self.width, self.levels, self.more = width, levels, tuple(more) if more else None

    def build(self, input_shape):
        inputs = input_shape[-1]
        self.downs, self.down_norms, self.ups, self.up_norms = [], {}, [], {}
        for level in range(1, self.levels + 1):
            channels = self.channels(level)
            self.downs.append(self._convolution(keras.layers.Conv2D, channels, inputs, f"down_{level}"))
            if 1 < level < self.levels:
                self.down_norms[str(level)] = instance_norm(channels, f"down_norm_{level}")
            outputs = self.channels(level - 1) if level > 1 else 3
            read = channels * (2 if level < self.levels else 1) + (self.more[1] if self.more and level == self.more[0] else 0)
            self.ups.append(self._convolution(keras.layers.Conv2DTranspose, outputs, read, f"up_{level}"))
            if level > 1:
                self.up_norms[str(level)] = instance_norm(outputs, f"up_norm_{level}")
            inputs = channels
        self.built = True

    def call(self, pictures, add_more=None):
        skips = self.encode(pictures, self.levels)
        features = skips[-1]
        for level in range(self.levels, 0, -1):
            if level < self.levels:
                features = tf.concat([features, tf.cast(skips[level - 1], features.dtype)], axis=-1)
            features = tf.nn.relu(features)
            if self.more and level == self.more[0]:
                features = add_more(features)
            features = self.ups[level - 1](features)
            if level > 1:
                features = self.up_norms[str(level)](features)
        return tf.tanh(features)

    def encode(self, pictures, levels):
        """What each of the first `levels` levels makes on the way down, before any activation."""
        made, features = [], pictures
        for level in range(1, levels + 1):
            features = self.downs[level - 1](tf.nn.leaky_relu(features, alpha=SLOPE) if level > 1 else features)
            if str(level) in self.down_norms:
                features = self.down_norms[str(level)](features)
            made.append(features)
        return made

    def channels(self, level):
        """How many channels a level has on its way down."""
        return self.width * min(2 ** (level - 1), 8)

    def named_variables(self):
        """{"model.model.0/kernel": variable, ...} by the modules' places in the authors' networks, see `module_paths`."""
        layers = {}
        for level, (down, down_norm, up, up_norm) in module_paths(self.levels, self.more and self.more[0]).items():
            layers.update({down: self.downs[level - 1], up: self.ups[level - 1]})
            if down_norm:
                layers[down_norm] = self.down_norms[str(level)]
            if up_norm:
                layers[up_norm] = self.up_norms[str(level)]
        return {f"{path}/{name}": variable for path, layer in layers.items() for name, variable in named_weights(layer).items()}

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], 3)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "levels": self.levels, "more": self.more}

    def _convolution(self, kind, channels, inputs, name):
        dtype = "float32" if name == "up_1" else self.dtype_policy
        return convolution(kind, channels, 4, inputs, strides=2, padding="same", name=name, dtype=dtype)


def convolution(kind, channels, kernel, inputs, **more):
    """A convolution, or a transposed one, of pix2pix's initial weights, built; kind and more are those of Keras."""
    layer = kind(channels, kernel, kernel_initializer=keras.initializers.RandomNormal(stddev=INITIAL_DEVIATION), **more)
    layer.build((None, None, None, inputs))
    return layer


def instance_norm(channels, name):
    """Instance normalisation of so many channels, float32, built."""
    layer = InstanceNorm(EPSILON, name=name, dtype="float32")
    layer.build((None, None, None, channels))
    return layer


def named_weights(layer):
    """The weights of a convolution or a normalisation, by their Keras names."""
    names = ("gamma", "beta") if hasattr(layer, "gamma") else ("kernel", "bias")
    return {name: getattr(layer, name) for name in names}


def module_paths(levels, widened=None):
    """Where the authors' networks have a level's convolution, its normalisation, the transposed
    one, and its normalisation.

    Arguments:
      levels: of the network.
      widened: the level that has two more modules in front of its transposed convolution, or None.

    Returns:
      {level: (path, path or None, path, path or None)}, such as "model.model.1.model.2".
    """
    paths = {1: ("model.model.0", None, "model.model.3", None)}
    for level in range(2, levels + 1):
        prefix = "model.model.1." + "model.3." * (level - 2) + "model."
        up = 3 if level == levels else 7 if level == widened else 5
        down_norm = None if level == levels else f"{prefix}2"
        paths[level] = (f"{prefix}1", down_norm, f"{prefix}{up}", f"{prefix}{up + 1}")
    return paths


def shapes_of(unet, inputs):
    """{name: shape} of the variables of a U-Net that reads so many channels, by the names of `UNet.named_variables`."""
    shapes = {}
    widened, more = unet.more or (None, 0)
    for level, (down, down_norm, up, up_norm) in module_paths(unet.levels, widened).items():
        channels, outputs = unet.channels(level), unet.channels(level - 1) if level > 1 else 3
        read = channels * (1 if level == unet.levels else 2) + (more if level == widened else 0)
        for path, kernel, made in ((down, (4, 4, inputs, channels), channels), (up, (4, 4, outputs, read), outputs)):
            shapes.update({f"{path}/kernel": kernel, f"{path}/bias": (made,)})
        for path, made in ((down_norm, channels), (up_norm, outputs)):
            if path:
                shapes.update({f"{path}/{name}": (made,) for name in ("gamma", "beta")})
        inputs = channels
    return shapes


def levels_of(names):
    """How many levels a U-Net has whose modules have these names: the deepest of its nested blocks."""
    nested = re.compile(r"model\.model\.1\.((?:model\.3\.)*)model\.1[./]")
    return max((2 + len(match.group(1)) // len("model.3.") for match in map(nested.match, names) if match), default=0)


def take_tensors(tensors, levels, widened=None):
    """The arrays of a U-Net, by the names of `UNet.named_variables`, out of `foreign.Tensors` of the authors' file."""
    arrays = {}
    for down, down_norm, up, up_norm in module_paths(levels, widened).values():
        for path in (down, up):
            arrays.update(tensors.take_convolution(path))
        for path in filter(None, (down_norm, up_norm)):
            arrays.update(tensors.take_normalisation(path))
    return arrays
