"""Reference: an own implementation of the authors' code with torch 2.13 in float64, on synthetic pictures, a quarter as large.

Its resizing and rotation were compared with Torch7's own; see mnps.npz for what is in it.
"""

import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint.features import load_vgg
from gated_inpaint.models.neural_patches.lbfgs import LBFGS
from gated_inpaint.models.neural_patches.network import blend
from gated_inpaint.models.neural_patches.objective import PUBLISHED, Objective, PaperObjective, Weights
from gated_inpaint.models.neural_patches.pictures import (
    ANGLE,
    from_network,
    patch_sources,
    pyramid,
    resize,
    rotate,
    rotated_box,
    to_network,
)

LAYERS = {"relu3_1": "block3_conv1", "relu4_1": "block4_conv1"}


@pytest.fixture(scope="module")
def expected(data):
    file = np.load(data / "neural_patches/mnps.npz")
    return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def network(data):
    """VGG-19 in a precision."""
    path, made = data / "weight_files/vgg19_small_notop.h5", {}
    return lambda dtype: made.setdefault(dtype, load_vgg(path, "VGG-19", dtype))


@pytest.fixture(scope="module")
def weights(expected):
    return Weights(*(float(expected[f"weight/{name}"]) for name in ("content", "mrf", "tv")))


def in_unit(picture):
    return picture / 127.5 - 1.0


def test_resizing_and_rotation(expected):
    picture = expected["scale/in"].astype(np.float64)
    for name in ("20x26", "5x6", "9x12", "11x13"):
        np.testing.assert_allclose(resize(picture, *map(int, name.split("x"))), expected[f"scale/{name}"], atol=1e-5)
    for name, sign in (("plus", 1), ("minus", -1)):
        np.testing.assert_allclose(rotate(picture, sign * ANGLE), expected[f"rotate/{name}"], atol=1e-5)


def test_what_is_kept_of_rotated_pictures(expected):
    boxes = [[rotated_box(side, side, rotation) for rotation in (-1, 0, 1)] for side in (32, 64, 128, 256, 512)]
    np.testing.assert_array_equal(boxes, expected["boxes"])


@pytest.mark.parametrize("kind, picture", [("content", "fake"), ("texture", "texture_source")])
def test_scales(expected, kind, picture):
    scales = pyramid(to_network(in_unit(expected[picture])))
    for side, scale in zip((32, 64, 128), scales):
        np.testing.assert_allclose(scale, expected[f"pyramid/{kind}_{side}"], atol=1e-4)
    np.testing.assert_allclose(from_network(scales[-1]), in_unit(expected[picture]), atol=1e-6)


@pytest.mark.parametrize("side, kept", [(32, range(9)), (64, (0, 8))])
def test_pictures_that_patches_are_from(expected, side, kept):
    sources = patch_sources(expected[f"pyramid/texture_{side}"].astype(np.float64))
    np.testing.assert_array_equal([one.shape[:2] for one in sources], expected[f"targets_{side}/shapes"])
    for index in kept:
        np.testing.assert_allclose(sources[index], expected[f"targets_{side}/{index}"], atol=2e-3)


def objective_at(side, form, dtype, expected, network, weights):
    sources = patch_sources(expected[f"pyramid/texture_{side}"].astype(np.float64))
    content = tf.constant(expected[f"pyramid/content_{side}"], dtype)
    return Objective(network(dtype), content, [tf.constant(one, dtype) for one in sources], form, weights)


@pytest.mark.parametrize("form, layers", [("fast", ["relu4_1"]), ("original", ["relu3_1", "relu4_1"])])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_patches_matches_values_and_gradient(expected, network, weights, form, layers, dtype):
    objective = objective_at(64, form, dtype, expected, network, weights)
    assert list(objective.patches) == layers
    picture = tf.constant(expected["eval/x"], dtype)
    for layer, (match, cosine) in objective.match(picture).items():
        found, name = objective.patches[layer].numpy(), LAYERS[layer]
        assert len(found) == expected[f"eval/patches_{name}_count"]
        vectors = found.reshape(len(found), 3, 3, -1).transpose(0, 3, 1, 2).reshape(len(found), -1)
        np.testing.assert_allclose(vectors[:4], expected[f"eval/patches_{name}_first"], atol=2e-3)
        np.testing.assert_allclose(vectors[-2:], expected[f"eval/patches_{name}_last"], atol=2e-3)
        np.testing.assert_array_equal(match, expected[f"eval/{form}/match_{name}"])
        np.testing.assert_allclose(cosine, expected[f"eval/{form}/score_{name}"], rtol=1e-5)
    terms, gradient = objective(picture)
    np.testing.assert_allclose(terms, [expected[f"eval/{form}/{name}"] for name in ("content", "mrf", "tv")], rtol=1e-5)
    wanted = expected[f"eval/{form}/gradient"]
    assert np.linalg.norm(gradient - wanted) / np.linalg.norm(wanted) < 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_papers_form(expected, network, dtype):
    picture, hole = tf.constant(expected["eval/x"], dtype), expected["paper/hole"] > 0
    reference = tf.constant(expected["pyramid/content_64"], dtype)
    for name, weights in (("published_weights", PUBLISHED), ("balanced", Weights(1.0, 0.05, 0.05))):
        objective = PaperObjective(network(dtype), reference, hole, weights)
        for layer, nearest in objective.match(picture).items():
            np.testing.assert_array_equal(nearest, expected[f"paper/nearest_{LAYERS[layer]}"])
        terms, gradient = objective(picture)
        np.testing.assert_allclose(float(tf.add_n(list(terms))), expected[f"paper/{name}/value"], rtol=1e-5)
        wanted = expected[f"paper/{name}/gradient"]
        assert np.linalg.norm(gradient - wanted) / np.linalg.norm(wanted) < 1e-4


def test_lbfgs(expected):
    factors = tf.constant(expected["lbfgs/c"])

    def after(steps, history):
        point, optimizer = tf.constant(expected["lbfgs/start"]), LBFGS(history)
        for _ in range(steps):
            point = optimizer.next_point(point, factors * point + point**3)
        return point

    for steps in (1, 2, 5, 12):
        np.testing.assert_allclose(after(steps, 25), expected[f"lbfgs/after_{steps}"], atol=1e-12)
    np.testing.assert_allclose(after(30, 3), expected["lbfgs/after_30_history_3"], atol=1e-12)
    # Uphill there is no next point: of -x^2 / 2 the curvature is negative, and the pair is not kept; of a turned gradient it is.
    optimizer = LBFGS()
    optimizer._pairs.append((tf.constant([1.0]), tf.constant([-1.0]), tf.constant(-1.0)))
    optimizer._scale = -1.0
    assert optimizer.next_point(tf.constant([1.0]), tf.constant([1.0])) is None


@pytest.mark.parametrize("form, sides", [("fast", (32, 64, 128)), ("original", (32, 64))])
def test_trajectory(expected, network, weights, form, sides):
    """Four steps at each scale, in float64; in float32 steps without a line search drift."""
    picture = None
    for side in sides:
        content = expected[f"pyramid/content_{side}"].astype(np.float64)
        picture = tf.constant(content if picture is None else resize(picture.numpy(), side, side))
        np.testing.assert_allclose(picture, expected[f"trajectory/{form}/start_{side}"], atol=1e-4)
        objective, optimizer, sums = objective_at(side, form, "float64", expected, network, weights), LBFGS(), []
        for _ in range(4):
            gradient = objective(picture)[1]
            sums.append(float(tf.reduce_sum(tf.abs(gradient))))
            picture = optimizer.next_point(picture, gradient)
        np.testing.assert_allclose(picture, expected[f"trajectory/{form}/x_{side}"], atol=1e-4)
        np.testing.assert_allclose(sums, expected[f"trajectory/{form}/gradient_l1_{side}"], rtol=1e-4)


def test_blending(expected):
    keep = expected["blend/mask"][..., np.newaxis] / 255.0
    blended = blend(expected["input"] / 255.0, expected["blend/synthesis"], keep)
    np.testing.assert_allclose(blended, expected["blend/result"], atol=1e-6)


def test_patches_that_touch_the_hole_are_left_out(network):
    """So what is in the hole changes nothing; but if all do, all are taken."""
    random = np.random.default_rng(0)
    picture = random.uniform(-100, 100, (64, 64, 3)).astype(np.float32)
    hole = np.zeros([64, 64], bool)
    hole[8:15, 40:49] = True  # Rows 1, columns 5 and 6 of relu4_1's positions.
    patches = [
        Objective(network("float32"), picture, [picture], holes=[one]).patches["relu4_1"].numpy()
        for one in (hole, np.zeros_like(hole), np.ones_like(hole))
    ]
    begins = [(row, column) for row in (0, 2, 4, 5) for column in (0, 2, 4, 5)]
    touching = [row <= 1 < row + 3 and bool({5, 6} & {column, column + 1, column + 2}) for row, column in begins]
    assert sum(touching) == 2
    np.testing.assert_array_equal(patches[0], patches[1][~np.array(touching)])
    np.testing.assert_array_equal(patches[2], patches[1])


def test_without_patches_on_both_sides_there_is_no_texture(network):
    """With the whole picture a hole nothing is outside it, and with one of a pixel at the border none has its middle in it."""
    picture = tf.constant(np.random.default_rng(0).uniform(-100, 100, (64, 64, 3)), tf.float32)
    whole, corner = np.ones([64, 64], bool), np.zeros([64, 64], bool)
    corner[0, 0] = True
    for hole in (whole, corner):
        terms, gradient = PaperObjective(network("float32"), picture, hole)(picture)
        assert float(terms.texture) == 0 and float(terms.smoothness) > 0 and np.isfinite(gradient).all()


def test_patches_of_nothing_do_not_count(network):
    """A patch that is 0 is like none: no value, no gradient, and no number that is none."""
    black, picture = tf.zeros([64, 64, 3]), tf.constant(np.random.default_rng(0).uniform(-100, 100, (64, 64, 3)), tf.float32)
    dark = load_vgg_that_is_dark(network("float32"))
    terms, gradient = Objective(dark, black, [picture])(picture)
    assert np.isfinite(gradient).all() and float(terms.texture) == 0


def load_vgg_that_is_dark(network):
    """The same network with a ReLU that lets nothing through at relu4_1."""

    class Dark:
        maps = network.maps

        def maps_of(self, pictures, names):
            return {name: one * (name != "relu4_1") for name, one in network.maps_of(pictures, names).items()}

    return Dark()
