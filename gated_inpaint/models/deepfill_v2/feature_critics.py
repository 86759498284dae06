"""Critics on frozen features: small discriminators of a pretrained network's maps, for results with texture and objects.

No part of the paper, which has SN-PatchGAN alone; both train side by side here. A feature network that was trained on millions of
photos sees what its own training never had to find out, so its critics judge shape and texture after minutes, not days.

Each map has a head of its own: divided by the network's magnitude, through a 1x1 projection of random numbers, which never train
and mix what the network keeps apart, joined by the mask, through three 3x3 convolutions with spectral normalisation. A score counts
where the hole reaches: where the mask, max-pooled to the map's size, is 1.

Reference: "Projected GANs Converge Faster", arXiv 2111.01007, for whole pictures.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.layers import SpectralNorm

PROJECTED_CHANNELS = 64
HEAD = (("conv1", 128), ("conv2", 128), ("conv3", 1))  # Scope and channels of its 3x3 convolutions; the last one is linear.
SCORE_SCALE = 4.0  # Three layers of norm 1 with leaky ReLU give small scores; a hinge of 1 wants larger ones.

_PROJECTION_SEED = 0


class FeatureCritics(keras.Model):
    """A head for each map.

    Arguments:
      maps: {name: FeatureMap} of those that have a head.
      magnitude: what divides them; see `FeatureNetwork`.
      dtype: "float32", or "mixed_bfloat16" for the convolutions. By default what Keras' global policy says.

    Call with {name: map, float32 [batch, rows, columns, channels]} of pictures, and their masks [batch, height, width, 1]. In a
    training pass the spectral norms' vectors are updated. Returns {name: (scores, float32 [batch, rows, columns, 1], reach of the
    hole, of the same shape)}.
    """

    def __init__(self, maps, magnitude=1.0, dtype=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        dtype = keras.mixed_precision.global_policy() if dtype is None else dtype
        self.maps = dict(maps)
        self.magnitude = magnitude
        for index, (name, (channels, _)) in enumerate(self.maps.items()):
            # NumPy's numbers, so that they are the same whatever else the run's seed decides.
            values = np.random.default_rng([_PROJECTION_SEED, index]).standard_normal([1, 1, channels, PROJECTED_CHANNELS])
            projection = self.add_weight(name=f"{name}_projection", shape=values.shape, initializer="zeros", trainable=False)
            projection.assign((values / np.sqrt(channels)).astype(np.float32))
            setattr(self, f"{name}_projection", projection)
            inputs = PROJECTED_CHANNELS + 1
            for scope, outputs in HEAD:
                activation = None if scope == HEAD[-1][0] else _leaky_relu
                convolution = keras.layers.Conv2D(outputs, 3, padding="same", activation=activation, dtype=dtype)
                normalised = SpectralNorm(convolution, name=f"{name}_{scope}")
                normalised.build((None, None, None, inputs))
                setattr(self, f"{name}_{scope}", normalised)
                inputs = outputs
        self.built = True

    def call(self, maps, mask, training=False):
        return {name: self._score(name, features, mask, training) for name, features in maps.items()}

    def _score(self, name, features, mask, training):
        stride = self.maps[name].stride
        reach = tf.nn.max_pool2d(mask, stride, stride, "SAME")
        projected = tf.nn.conv2d(features / self.magnitude, getattr(self, f"{name}_projection"), 1, "SAME")
        scores = tf.concat([projected, reach], axis=-1)
        for scope, _ in HEAD:
            scores = getattr(self, f"{name}_{scope}")(scores, training=training)
        return SCORE_SCALE * tf.cast(scores, tf.float32), reach

    def named_variables(self):
        """{"feature_critics/block2/projection/kernel": variable, ".../conv1/kernel": variable, ...}"""
        variables = {}
        for name in self.maps:
            variables[f"feature_critics/{name}/projection/kernel"] = getattr(self, f"{name}_projection")
            for scope, _ in HEAD:
                prefix, normalised = f"feature_critics/{name}/{scope}", getattr(self, f"{name}_{scope}")
                variables[f"{prefix}/kernel"] = normalised.layer.kernel
                variables[f"{prefix}/bias"] = normalised.layer.bias
                variables[f"{prefix}/kernel_sn/u"] = normalised.u
        return variables


def _leaky_relu(features):
    return tf.nn.leaky_relu(features, alpha=0.2)
