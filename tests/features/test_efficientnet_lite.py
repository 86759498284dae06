import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint.features import efficientnet_lite
from gated_inpaint.features.efficientnet_lite import EfficientNetLite, blocks_of, convolution_shapes, recognise

# Of a bottleneck with an expansion, in its order.
_NORMS = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2", "_conv_stem": "_bn0", "_conv_head": "_bn1"}


def random_weights(variant):
    """Weights as a PyTorch file has them, by name."""
    rng, arrays = np.random.default_rng(0), {}
    for name, shape in convolution_shapes(variant).items():
        convolution = name[: -len(".weight")]
        prefix, _, last = convolution.rpartition(".")
        norm = f"{prefix}.{_NORMS[last]}".lstrip(".")
        arrays[name] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        # Variances so small that the epsilon beside them matters.
        for part, low, high in (("weight", 0.1, 0.3), ("bias", -1, 1), ("running_mean", -1, 1), ("running_var", 0.02, 0.1)):
            arrays[f"{norm}.{part}"] = rng.uniform(low, high, shape[0]).astype(np.float32)
    return arrays


class Reference:
    """The network of Keras' layers, batch normalisations and all, read off the paper's table 1 and the block's figure."""

    def __init__(self, arrays):
        self._arrays = arrays

    def __call__(self, features, stages):
        features, maps, index = self._layer(features, "_conv_stem", "_bn0", stride=2), [], 0
        for number, expansion, side, stride, channels in stages:
            for which in range(number):
                before, prefix = features, f"_blocks.{index}."
                if expansion > 1:
                    features = self._layer(features, f"{prefix}_expand_conv", f"{prefix}_bn0")
                    assert features.shape[-1] == expansion * before.shape[-1]
                stride_here = stride if which == 0 else 1
                features = self._layer(features, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride_here, side=side)
                features = self._layer(features, f"{prefix}_project_conv", f"{prefix}_bn2", activation=False)
                assert features.shape[-1] == channels
                features = features + before if which else features
                maps.append(features)
                index += 1
        return [*maps, self._layer(features, "_conv_head", "_bn1")]

    def _layer(self, features, convolution, norm, stride=1, side=None, activation=True):
        kernel = self._arrays[f"{convolution}.weight"].transpose(2, 3, 1, 0)
        if side:
            assert kernel.shape[:2] == (side, side)
            layer = keras.layers.DepthwiseConv2D(side, stride, "same", use_bias=False)
            kernel = kernel.transpose(0, 1, 3, 2)
        else:
            layer = keras.layers.Conv2D(kernel.shape[-1], kernel.shape[0], stride, "same", use_bias=False)
        layer.build(features.shape)
        layer.set_weights([kernel])
        normalisation = keras.layers.BatchNormalization(epsilon=1e-3)
        normalisation.build((None, None, None, len(self._arrays[f"{norm}.bias"])))
        normalisation.set_weights([self._arrays[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
        features = normalisation(layer(features), training=False)
        return keras.layers.ReLU(6.0)(features) if activation else features


LITE0 = (
    (1, 1, 3, 1, 16),
    (2, 6, 3, 2, 24),
    (2, 6, 5, 2, 40),
    (3, 6, 3, 2, 80),
    (3, 6, 5, 1, 112),
    (4, 6, 5, 2, 192),
    (1, 6, 3, 1, 320),
)


@pytest.fixture(scope="module")
def arrays():
    return random_weights("EfficientNet-Lite0")


@pytest.fixture(scope="module")
def pictures():
    return tf.random.stateless_uniform([2, 44, 35, 3], [0, 0], -1, 1)  # Neither side is divisible: 'SAME' pads unevenly.


def test_every_map_is_that_of_layer_after_layer(arrays, pictures):
    network = EfficientNetLite("EfficientNet-Lite0", arrays)
    maps = network(pictures)
    expected = Reference(arrays)(pictures, LITE0)
    assert list(maps) == list(network.channels) == [*(f"block{index}" for index in range(16)), "head"]
    for (name, found), wanted in zip(maps.items(), expected):
        assert found.shape[-1] == network.channels[name] and found.dtype == tf.float32
        assert np.linalg.norm(found - wanted) < 1e-4 * np.linalg.norm(wanted), name


def test_maps_are_chosen_and_nothing_behind_them_is_computed(arrays, pictures, monkeypatch):
    network = EfficientNetLite("EfficientNet-Lite0", arrays)
    everything, run = network(pictures), []
    original = EfficientNetLite._run_block
    monkeypatch.setattr(
        EfficientNetLite, "_run_block", lambda self, index, *more: run.append(index) or original(self, index, *more)
    )
    maps = network(pictures, ["block4", "block2"])
    assert list(maps) == ["block4", "block2"] and run == [0, 1, 2, 3, 4]
    for name, found in maps.items():
        np.testing.assert_array_equal(found, everything[name])


def test_bfloat16_gives_float32_maps_that_are_near(arrays, pictures):
    exact, rounded = (
        EfficientNetLite("EfficientNet-Lite0", arrays, dtype)(pictures, ["block4"])["block4"] for dtype in ("float32", "bfloat16")
    )
    assert rounded.dtype == tf.float32
    error = np.linalg.norm(exact - rounded) / np.linalg.norm(exact)
    assert 1e-4 < error < 0.05


def test_lite2_is_wider_and_deeper_but_for_its_ends():
    blocks = blocks_of("EfficientNet-Lite2")
    assert [block.channels for block in blocks] == [16] + 3 * [24] + 3 * [48] + 4 * [88] + 4 * [120] + 5 * [208] + [352]
    assert [block.stride for block in blocks if block.stride > 1] == [2, 2, 2, 2]


def test_variants_are_known_by_their_convolutions():
    for variant in efficientnet_lite.VARIANTS:
        shapes = {**convolution_shapes(variant), "_fc.weight": (1000, 1280), "_bn0.bias": (32,)}
        assert recognise(shapes) == variant
        del shapes["_blocks.3._project_conv.weight"]
        assert recognise(shapes) is None
    assert recognise({"conv1.weight": (64, 3, 7, 7)}) is None
