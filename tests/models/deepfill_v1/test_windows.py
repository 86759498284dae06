"""The generator in windows against the whole one; what is shared with DeepFill v2 is tried there, with many more pictures."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases, random_holes, rounding_error, windows_of

from gated_inpaint.models.deepfill_v1 import Generator
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network


def random_generator(width, rng):
    """A generator whose stages all move the picture, and clip some of it."""
    generator = Generator(width)
    for variable in generator.variables:
        scale = 1.2 / np.sqrt(np.prod(variable.shape[:3])) if len(variable.shape) == 4 else 0.2
        variable.assign(rng.normal(0, scale, variable.shape))
    return generator


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_whole_network_in_the_holes(seed):
    rng = np.random.default_rng(seed)
    height, width = 8 * rng.integers(8, 41, 2)
    generator = random_generator(4, rng)
    mask = random_holes(rng, height, width).astype(np.float32)
    image = rng.uniform(-1, 1, [1, height, width, 3]).astype(np.float32)
    expected = generator(Inputs(image, mask)).composite.numpy()
    complete = generator.windows.complete(Inputs(image, mask), windows_of(generator, mask > 0, [height, width])).composite.numpy()
    difference = np.abs(complete - expected).max()
    assert difference < 1e-4 or difference < rounding_error(generator, image, mask, expected)
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(complete[known], image[known])
    assert expected[~known].std() > 0.1


def test_agrees_with_the_release():
    case = dict(cases("deepfill_v1/generator.npz"))["64x64"]
    generator, inputs = load_network(DATA / "deepfill_v1"), case.network_inputs()
    windows = windows_of(generator, inputs.mask > 0, [64, 64])
    complete = tf.function(generator.windows.complete)(inputs, windows).composite
    np.testing.assert_allclose(complete, case["complete"], atol=5e-4)
