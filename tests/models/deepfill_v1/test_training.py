"""Losses, gradients and steps against the authors' release, and what a run needs of them."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras

from gated_inpaint.losses.reconstruction import spatial_discounts
from gated_inpaint.models.deepfill_v1 import MODEL, Critic, Generator, Options, Trainer, training
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.types import Batch, Inputs
from gated_inpaint.weights import assign_arrays, read_weights
from gated_inpaint.weights.formats import reverse_picture_channels

FILE = np.load(DATA / "deepfill_v1/training.npz")


class Recorder:
    """In an optimiser's place: remembers the gradients of each step and changes nothing."""

    def __init__(self):
        self.steps = []

    def build(self, variables):
        pass

    def apply_gradients(self, gradients_and_variables):
        self.steps.append([gradient for gradient, _ in gradients_and_variables])


def adam(learning_rate=1e-4):
    return make_optimizer("Adam", learning_rate, 0.5, 0.9)


def reference_trainer(optimizer, **options):
    networks = Generator(8), Critic("global", 64, 8), Critic("local", 32, 8)
    arrays = read_weights(DATA / "deepfill_v1").arrays
    for network in networks:
        assign_arrays(network.named_variables(), arrays, "deepfill_v1")
    return Trainer(*networks, optimizer, Options(**options))


def reference_batch():
    image = tf.constant(FILE["image"][..., ::-1] / np.float32(127.5) - 1)
    mask = tf.constant(np.repeat(FILE["mask"], 2, axis=0).astype(np.float32))
    top, left, height, width = FILE["box"]
    box = tf.constant([[[top, left], [top + height, left + width]]] * 2, tf.int32)
    return Batch(Inputs(image, mask), box, tf.constant([[0, 0], [0, 1]], tf.int64))


@pytest.fixture
def reference_mix(monkeypatch):
    """The mix of the reference data in place of random ones."""
    mix = tf.constant(np.concatenate([FILE["alpha_global"], FILE["alpha_local"]], axis=1))
    monkeypatch.setattr(training, "mix_factors", lambda seeds: mix)


def in_our_order(prefix):
    """The file's arrays under a prefix, by checkpoint name, their picture channels turned from BGR to RGB."""
    return reverse_picture_channels({key[len(prefix) :]: FILE[key] for key in FILE.files if key.startswith(prefix)}, MODEL)


def names_of(trainer):
    return {id(variable): name for network in trainer.networks.values() for name, variable in network.named_variables().items()}


def test_discounts_are_those_of_the_release():
    np.testing.assert_allclose(spatial_discounts(32, 32, 0.9), FILE["discount"][0], atol=1e-6)


@pytest.mark.parametrize("part", ["local", "global"])
def test_critics_scores_agree_with_the_release(part):
    trainer, batch = reference_trainer(Recorder()), reference_batch()
    completed = trainer.generator(batch.inputs).composite
    for kind, pictures in (("real", batch.inputs.image), ("fake", completed)):
        scores = trainer.networks[f"{part}_critic"](pictures if part == "global" else trainer._in_box(pictures, batch))
        np.testing.assert_allclose(scores, FILE[f"critic/{part}_gan_{kind}"], atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_losses_and_every_gradient_agree_with_the_release(reference_mix, compiled):
    trainer, batch = reference_trainer(Recorder()), reference_batch()

    def both(batch):
        return trainer.train_critics(batch), trainer.train_generator(batch), trainer.optimizer.steps

    of_critics, of_generator, gradients = tf.function(both, jit_compile=compiled)(batch)
    for name, loss in (
        ("l1_loss", of_generator["hole"]),
        ("ae_loss", of_generator["known"]),
        ("g_loss", of_generator["generator"]),
        ("d_loss", of_critics["critics"]),
        ("penalty_local", of_critics["local_penalty"]),
        ("penalty_global", of_critics["global_penalty"]),
        ("gp_loss", 10 * (of_critics["local_penalty"] + of_critics["global_penalty"])),
    ):
        np.testing.assert_allclose(loss, FILE[f"loss/{name}"], rtol=1e-5, err_msg=name)

    names = names_of(trainer)
    for variables, step, letter in zip((trainer.critic_variables, trainer.generator.trainable_variables), gradients, "dg"):
        expected = in_our_order(f"grad_{letter}/")
        assert len(variables) == len(step) == len(expected)
        for variable, gradient in zip(variables, step):
            name = names[id(variable)]
            if "fc/bias" in name:  # Those of real and completed pictures cancel.
                np.testing.assert_allclose(gradient, expected[name], atol=1e-6)
            else:
                assert np.linalg.norm(gradient - expected[name]) <= 1e-3 * np.linalg.norm(expected[name]), name
        np.testing.assert_allclose(tf.linalg.global_norm(step), FILE[f"norm/{letter}"], rtol=1e-3)


def test_two_rounds_with_one_adam_agree_with_the_release(reference_mix):
    trainer, batch = reference_trainer(adam()), reference_batch()
    train_critics, train_generator = (
        tf.function(each, autograph=False) for each in (trainer.train_critics, trainer.train_generator)
    )
    of_critics, of_generator = [], []
    for _ in range(2):
        of_critics += [train_critics(batch)["critics"] for _ in range(5)]
        losses = train_generator(batch)
        of_generator.append([losses[name] for name in ("generator", "hole", "known")])
    np.testing.assert_allclose(of_critics, FILE["trajectory/d"], rtol=1e-3)
    np.testing.assert_allclose(of_generator, FILE["trajectory/g_l1_ae"], rtol=1e-3)
    # 12 steps of one optimiser: its next correction of the bias.
    steps = int(trainer.optimizer.iterations)
    np.testing.assert_allclose([0.5 ** (steps + 1), 0.9 ** (steps + 1)], FILE["trajectory/beta_powers"], rtol=1e-5)
    variables = {name: variable for network in trainer.networks.values() for name, variable in network.named_variables().items()}
    after = in_our_order("after/")
    assert len(after) == 7
    for name, expected in after.items():
        np.testing.assert_allclose(variables[name], expected, atol=1e-4, err_msg=name)


def small_batches(number):
    """Batches with other photos and seeds each."""
    batch = reference_batch()
    return tuple(
        batch._replace(inputs=batch.inputs._replace(image=tf.roll(batch.inputs.image, 5 * index, 1)), seeds=batch.seeds + index)
        for index in range(number)
    )


def test_a_step_is_five_of_the_critics_and_one_of_the_generator_each_with_its_batch():
    step, apart = reference_trainer(adam()), reference_trainer(adam())
    assert step.batches_per_step == 6
    batches = small_batches(6)
    scalars = step.step(batches, "all")
    critics = [float(apart.train_critics(batch)["critics"]) for batch in batches[:5]]
    generator = apart.train_generator(batches[5])
    assert len(set(critics)) == 5
    np.testing.assert_allclose(scalars["critics"], np.mean(critics), rtol=1e-5)
    np.testing.assert_allclose(scalars["generator"], generator["generator"], rtol=1e-5)


def test_refuses_batches_without_boxes():
    with pytest.raises(ValueError, match="masks that come with boxes"):
        reference_trainer(adam(), adversarial_weight=0.0).step((reference_batch()._replace(box=None),), "all")


def test_mix_is_each_examples_own_and_uniform():
    seeds = tf.stack([tf.zeros([2000], tf.int64), tf.range(2000, dtype=tf.int64)], axis=1)
    mix = training.mix_factors(seeds).numpy()
    np.testing.assert_array_equal(training.mix_factors(seeds[7:9]), mix[7:9])
    assert 0 <= mix.min() < 0.01 and 0.99 < mix.max() < 1
    np.testing.assert_allclose(mix.mean(axis=0), 0.5, atol=0.03)
    assert abs(np.corrcoef(mix.T)[0, 1]) < 0.1


def test_without_adversarial_loss_the_critics_rest():
    trainer = reference_trainer(adam(), adversarial_weight=0.0)
    assert trainer.batches_per_step == 1
    before = [variable.numpy() for variable in trainer.critic_variables]
    losses = trainer.step(small_batches(1), "all")
    assert "critics" not in losses and losses["adversarial"] == 0
    np.testing.assert_allclose(losses["generator"], 1.2 * (losses["hole"] + losses["known"]), rtol=1e-6)
    for variable, value in zip(trainer.critic_variables, before):
        np.testing.assert_array_equal(variable, value)


def test_losses_fall():
    keras.utils.set_random_seed(0)
    trainer = training.build(Options(size=64, width=8, critic_width=8, learning_rate=2e-3, critic_steps=1), "float32")
    smooth = tf.image.resize(tf.random.stateless_uniform([2, 2, 2, 3], [0, 0], -1, 1), [64, 64])
    batch = reference_batch()
    batches = (batch._replace(inputs=batch.inputs._replace(image=smooth)),) * 2
    one_step = tf.function(trainer.step, autograph=False)
    losses = [one_step(batches, "all") for _ in range(12)]
    for name in ("hole", "known"):
        assert losses[-1][name] < 0.9 * losses[0][name]
    assert losses[-1]["critics"] < losses[0]["critics"]
    assert (trainer.optimizer.beta_1, trainer.optimizer.beta_2) == (0.5, 0.9) and int(trainer.optimizer.iterations) == 24


def test_replicas_add_up_to_one_device(two_replicas):
    """A picture on each of two devices: the losses of both together."""
    batch, strategy = reference_batch(), two_replicas
    box = batch.box + tf.constant([[[0, 0]], [[7, 9]]])
    mask = np.ones([2, 64, 64, 1], np.float32)  # Of the first picture little is known, of the second most.
    mask[0, :8], mask[1] = 0, np.roll(batch.inputs.mask[1], [7, 9], [0, 1])
    batch = batch._replace(inputs=batch.inputs._replace(mask=tf.constant(mask)), box=box)
    alone = reference_trainer(Recorder())
    expected = {**alone.train_critics(batch), **alone.train_generator(batch)}
    with strategy.scope():
        trainer = reference_trainer(Recorder())

    def on_replica():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        own = tf.nest.map_structure(lambda tensor: None if tensor is None else tf.gather(tensor, [index]), batch)
        return {**trainer.train_critics(own), **trainer.train_generator(own)}

    made = strategy.run(on_replica)
    for name, value in expected.items():
        np.testing.assert_allclose(strategy.reduce("SUM", made[name], axis=None), value, rtol=1e-4, err_msg=name)
