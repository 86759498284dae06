"""Losses that options add to any model's."""

import numpy as np
import pytest
import tensorflow as tf
from training_runs import write_photos

from gated_inpaint import InputError
from gated_inpaint.losses.perceptual import gram_matrices, map_distance, style_distance
from gated_inpaint.losses.reconstruction import hole_variation
from gated_inpaint.masks import mask_function
from gated_inpaint.models import registry
from gated_inpaint.models.deepfill_v2 import MODEL, Options, Trainer
from gated_inpaint.training import loop
from gated_inpaint.types import Batch, Inputs

RANDOM = np.random.default_rng(0)
SMALL = {
    "csa": dict(size=64, width=2, discriminator_width=2),
    "context_encoder": dict(size=128, width=2, bottleneck=4, discriminator_width=2),
    "deepfill_v1": dict(size=32, width=4, critic_width=4, critic_steps=1),
    "deepfill_v2": dict(size=32, width=4, discriminator_width=4),
    "global_local": dict(size=32, width=4, discriminator_width=4, completion_steps=0, discriminator_steps=0),
    "shift_net": dict(size=64, width=2, discriminator_width=2),
}


def test_distances_are_the_papers():
    first, second = ({name: RANDOM.normal(size=(2, *shape)) for name, shape in (("a", (4, 6, 3)), ("b", (2, 3, 5)))} for _ in "12")
    expected = style = 0.0
    for name, features in first.items():
        batch, rows, columns, channels = features.shape
        expected += np.abs(features - second[name]).mean()
        grams = []
        for maps in (features, second[name]):
            vectors = maps.reshape(batch, rows * columns, channels)
            grams.append(np.stack([one.T @ one for one in vectors]) / (rows * columns * channels))
        np.testing.assert_allclose(gram_matrices(tf.constant(features)), grams[0])
        style += np.abs(grams[0] - grams[1]).mean()
    first, second = (tf.nest.map_structure(tf.constant, one) for one in (first, second))
    np.testing.assert_allclose(map_distance(first, second), expected)
    np.testing.assert_allclose(style_distance(first, second), style)


def test_variation_is_that_of_neighbours_in_the_hole_and_at_its_rim():
    picture, mask = np.zeros([1, 6, 7, 3], np.float32), np.zeros([1, 6, 7, 1], np.float32)
    mask[:, 2:4, 3] = 1  # Grown: rows 1 to 4, columns 2 to 4.
    for row, column, differences in ((2, 3, 4), (1, 2, 2), (1, 3, 3), (0, 3, 0), (2, 5, 0), (5, 3, 0)):
        picture[:] = 0.0
        picture[:, row, column] = 0.5
        np.testing.assert_allclose(hole_variation(picture, mask), differences * 3 * 0.5 / picture.size, rtol=1e-6)


@pytest.fixture(scope="module")
def vgg(data):
    return str(data / "weight_files/vgg19_small_notop.h5")


def batches_of(options, number):
    """Batches of two, with whatever holes the options ask for."""
    side, made = options.size, []
    for index in range(number):
        seeds = tf.constant([[index, 0], [index, 1]], tf.int64)
        mask = mask_function(options.masks)(seeds, side, side)
        mask, box = mask if isinstance(mask, tuple) else (mask, None)
        photo = tf.image.resize(tf.random.stateless_uniform([2, 5, 5, 3], [0, index], -1, 1), [side, side])
        made.append(Batch(Inputs(photo, tf.cast(mask, tf.float32)), box, seeds))
    return tuple(made)


def test_small_has_every_model_that_trains():
    assert set(registry.names()) - {"neural_patches"} <= set(SMALL)


@pytest.mark.parametrize("name", sorted(set(SMALL) & set(registry.names())))
def test_any_model_has_them(name, vgg):
    """They are added with their weights, and what is learned changes; without a network nothing does."""
    model, kernels, losses = registry.find(name), [], []
    added = dict(perceptual_network=vgg, perceptual_maps="pool1,relu3_1", style_weight=3.0, total_variation_weight=0.5)
    for more in ({}, added):
        options = model.options(batch_size=2, **SMALL[name], **more).settled(None)
        trainer = loop.make_trainer(model, options)
        losses.append(trainer.step(batches_of(options, trainer.batches_per_step), trainer.phase(1)))
        kernels.append([variable.numpy() for variable in trainer.networks["generator"].trainable_variables])
    assert trainer.added_losses.called and set(losses[1]) - set(losses[0]) == {"perceptual", "style", "total_variation"}
    assert all(float(losses[1][one]) > 0 for one in trainer.added_losses.weights)
    sum_of_them = 0.05 * losses[1]["perceptual"] + 3.0 * losses[1]["style"] + 0.5 * losses[1]["total_variation"]
    np.testing.assert_allclose(losses[1]["generator"], losses[0]["generator"] + sum_of_them, rtol=1e-4)
    assert any((without != kernel).any() for without, kernel in zip(*kernels))


def test_output_and_composite_are_compared_in_the_maps_of_the_network(vgg):
    """Over the network's magnitude; a weight of zero asks for nothing."""
    options = Options(perceptual_network=vgg, perceptual_maps="pool2", style_weight=0.0).settled(None)
    losses = loop.added_losses(options)
    assert losses.weights == {"perceptual": 0.05}
    (batch,) = batches_of(Options(size=32), 1)
    photo, mask, _ = batch.inputs
    completion = MODEL.network(4)(batch.inputs)
    wanted, output, composite = (
        losses.network(one, ["pool2"])["pool2"] for one in (photo, completion.output, completion.composite)
    )
    expected = (tf.reduce_mean(tf.abs(wanted - output)) + tf.reduce_mean(tf.abs(wanted - composite))) / 100.0
    np.testing.assert_allclose(losses(photo, mask, completion)["perceptual"], expected, rtol=1e-5)


def test_what_cannot_be_is_said(vgg, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="has no map 'relu9_1', only relu1_1"):
        loop.added_losses(Options(perceptual_network=vgg, perceptual_maps="pool1,relu9_1"))
    with pytest.raises(InputError, match="are of the network that --perceptual_network names"):
        Options(run_dir="run", data="photos", perceptual_maps="pool1").check()
    begun = Options(perceptual_network=vgg).settled(None)
    other = tmp_path / "vgg.h5"
    other.write_bytes(b"another")
    with pytest.raises(InputError, match=f"vgg.h5 has the MD5 .*, and this run needs {begun.perceptual_network_md5}"):
        Options(perceptual_network=str(other)).settled({**vars(begun)})

    # A model of somebody's own, whose step does not ask for them.
    monkeypatch.setattr(Trainer, "step", lambda self, batches, phase: {"generator": tf.zeros([])})
    options = {**SMALL["deepfill_v2"], "run_dir": str(tmp_path / "run"), "data": str(write_photos(tmp_path, 2)), "batch_size": 1}
    with pytest.raises(InputError, match="adds no losses of options: leave out --total_variation_weight"):
        loop.train(MODEL, Options(**options, total_variation_weight=1.0))
