import types

import cv2
import numpy as np
import pytest
import tensorflow as tf

from gated_inpaint.inference.pieces import shares
from gated_inpaint.inference.plan import ChosenPlan, Pieces, make_plan, reach
from gated_inpaint.models.deepfill_v2 import Generator


@pytest.fixture(scope="module")
def network():
    made = Generator(width=4)
    made.training_size = 192
    return made


def fixed_network(picture_size, hole_size=None, divisor=8):
    return types.SimpleNamespace(
        picture_size=picture_size, hole_size=hole_size, divisor=divisor, training_size=picture_size, windows=None
    )


def plan_of(network, hole, *arguments):
    return ChosenPlan(make_plan(network, tf.constant(hole), *arguments), hole)


def empty(height, width):
    return np.zeros((height, width), bool)


def disc(height, width, radius):
    return cv2.circle(np.zeros((height, width), np.uint8), (width // 2, height // 2), radius, 1, -1) > 0


def scratches(height, width, share=0.05):
    rng, hole = np.random.default_rng(0), np.zeros((height, width), np.uint8)
    while hole.mean() < share:
        begin = rng.uniform(0, 1, 2) * [width, height]
        end = begin + rng.uniform(-0.5, 0.5, 2) * [width, height]
        cv2.line(hole, tuple(map(int, begin)), tuple(map(int, end)), 1, int(rng.integers(1, 12)))
    return hole > 0


def shares_of(plan, shape):
    """How much of each pixel the tiles of a plan determine."""
    total = np.zeros(shape)
    for tile in zip(*plan.tiles):
        begin, end = reach(Pieces(*tile))
        total[begin[0] : end[0], begin[1] : end[1]] += shares(Pieces(*tile))[..., 0]
    return total


def test_what_a_network_was_trained_on_is_completed_as_it_is(network):
    for hole in (disc(192, 256, 60), disc(512, 512, 70), scratches(500, 400)):
        plan = plan_of(network, hole)
        assert plan.pieces == 0 and plan.strategy == "original" and plan.sentence == ""


def test_a_large_hole_in_a_reduced_crop_and_a_wire_at_the_photos_scale(network):
    ball = disc(900, 1400, 200)
    wire = empty(900, 1400)
    wire[100:103] = True
    hole = ball | wire
    plan = plan_of(network, hole)
    assert plan.strategy == "crop+tiles" and len(plan.plan.crops.own) == 1
    assert plan.sentence.startswith("completed in 1 crop of 192 pixels, reduced up to 4.2 times and ")
    assert plan.plan.in_crops[ball].mean() > 0.99 and not plan.plan.in_crops[wire & ~ball].any()
    # The whole hole is in the crop, and is at most half of it.
    (shown,), (size,), (own,) = plan.plan.crops.shown, plan.plan.crops.sizes, plan.plan.crops.own
    assert (shown[0] <= own[0]).all() and (own[1] <= shown[1]).all()
    assert ((own[1] - own[0]) * size / (shown[1] - shown[0]) <= 96.5).all()
    np.testing.assert_allclose(shares_of(plan.plan, hole.shape)[hole & ~plan.plan.in_crops], 1, rtol=1e-6)


def test_a_wire_at_a_ball_is_not_reduced_with_it(network):
    hole = disc(900, 1400, 200)
    hole[440:446] = True
    plan = plan_of(network, hole)
    assert not plan.plan.in_crops[440:446, :450].any() and plan.plan.in_crops[300:600, 650:750].all()


def test_a_strip_is_reduced_only_if_it_stays_thick(network):
    """A cable across a large photo would be a flat band in a reduced crop; a road of four times its width is completed in one."""
    for thickness, strategy in ((60, "tiles"), (240, "crop")):
        hole = cv2.line(np.zeros((2000, 3000), np.uint8), (0, 1200), (3000, 400), 1, thickness) > 0
        assert strategy in plan_of(network, hole).strategy.split("+")[0]


def test_scratches_are_never_reduced_and_cost_grows_with_the_area(network):
    tiles = []
    for scale in (1, 2):
        hole = scratches(1000 * scale, 1400)
        plan = plan_of(network, hole)
        assert plan.strategy == "tiles" and not plan.plan.in_crops.any()
        total = shares_of(plan.plan, hole.shape)
        np.testing.assert_allclose(total[hole], 1, rtol=1e-6)
        assert ((0 < total[hole]) & (plan.plan.tiles.sizes.max() <= 512)).all()
        tiles.append(plan.pieces)
    assert 1.6 < tiles[1] / tiles[0] < 2.4


def test_tiles_without_holes_are_left_out_and_a_small_hole_is_in_the_middle_of_one(network):
    hole = empty(2000, 3000)
    hole[5:15, 20:30] = hole[1000:1100, 1500:1600] = True
    tiles = plan_of(network, hole, "tiles").plan.tiles
    assert len(tiles.own) == 2
    assert {tuple(map(tuple, shown)) for shown in tiles.shown} == {((0, 0), (512, 512)), ((792, 1288), (1304, 1800))}
    assert not tiles.ramps.any() and not (tiles.shown % 8).any()


def test_a_photo_smaller_than_a_tile_is_one_tile(network):
    plan = plan_of(network, disc(100, 75, 20), "tiles").plan
    np.testing.assert_array_equal(plan.tiles.shown, [[[0, 0], [104, 80]]])


def test_a_small_hole_in_a_crop_at_full_scale(network):
    hole = empty(300, 400)
    hole[100:110, 380:395] = True
    plan = plan_of(network, hole, "crop", 64)
    np.testing.assert_array_equal(plan.plan.crops.shown, [[[73, 336], [137, 400]]])
    np.testing.assert_array_equal(plan.plan.crops.sizes, [[64, 64]])
    assert plan.sentence == "completed in 1 crop of 64 pixels" and plan.strategy == "crop"


def test_original_is_the_photo_as_it_is(network):
    plan = plan_of(network, scratches(3000, 2000), "original")
    assert plan.pieces == 0 and plan.strategy == "original"


def test_networks_of_one_size(network):
    context_encoder = fixed_network(128, 56)
    hole = empty(128, 128)
    hole[40:90, 40:60] = True
    assert plan_of(context_encoder, hole).pieces == 0
    small = empty(300, 300)
    small[100:128, 200:210] = small[10:13, 10:13] = True  # Enlarged to what it was trained on, but four times at most.
    crops = plan_of(context_encoder, small).plan.crops
    assert sorted((crops.shown[:, 1] - crops.shown[:, 0]).tolist()) == [[32, 32], [64, 64]]
    np.testing.assert_array_equal(crops.sizes, [[128, 128]] * 2)
    small = empty(128, 128)
    small[50:70, 50:70] = True
    assert plan_of(context_encoder, small).pieces == 1
    hole[35, 40] = True  # Beyond the centre: a crop that reaches past the photo.
    plan = plan_of(context_encoder, hole).plan
    (shown,), (own,) = plan.crops.shown, plan.crops.own
    np.testing.assert_array_equal(plan.crops.sizes, [[128, 128]])
    assert shown[0, 0] == shown[1, 0] - (shown[1, 1] - shown[0, 1]) and shown[0, 0] < 0
    margins = np.concatenate([own[0] - shown[0], shown[1] - own[1]]) * 128 / (shown[1, 0] - shown[0, 0])
    assert margins.min() >= 35.5 and plan.in_crops.sum() == hole.sum()

    shift_net = fixed_network(256, divisor=256)
    hole = empty(700, 500)
    hole[10:60, 10:60] = hole[300:650, 100:300] = True
    plan = plan_of(shift_net, hole).plan
    np.testing.assert_array_equal(plan.crops.sizes, [[256, 256]] * 2)
    np.testing.assert_array_equal(plan.crops.shown[0], [[0, 0], [256, 256]])
    np.testing.assert_array_equal(plan.crops.shown[1, 1] - plan.crops.shown[1, 0], [700, 700])
    assert plan_of(shift_net, disc(256, 256, 100)).pieces == 0


def test_overlapping_windows_of_one_size_networks_are_one(network):
    hole = empty(600, 600)
    hole[100:104, 100:400] = hole[100:400, 396:400] = hole[300:320, 150:170] = True
    assert len(plan_of(fixed_network(128, 56), hole).plan.crops.own) == 1


def test_a_graph_plans_alike(network):
    hole = disc(900, 1400, 200) | scratches(900, 1400, 0.02)
    in_graph = tf.function(lambda hole: make_plan(network, hole), autograph=False)
    in_graph = in_graph.get_concrete_function(tf.TensorSpec([None, None], tf.bool))(tf.constant(hole))
    for one, other in zip(tf.nest.flatten(in_graph), tf.nest.flatten(plan_of(network, hole).plan)):
        np.testing.assert_array_equal(one, other)
