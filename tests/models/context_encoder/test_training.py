"""The Context Encoder's losses against the reference data, and its steps."""

import numpy as np
import pytest
import tensorflow as tf
from context_encoder_reference import FILE, T7, reference_discriminator, reference_inputs
from tensorflow import keras

from gated_inpaint import masks
from gated_inpaint.models.context_encoder import Discriminator, Generator, Options, Trainer, training
from gated_inpaint.models.context_encoder.networks import FILL
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.types import Batch, Inputs
from gated_inpaint.weights import load_network


def reference_trainer(rate=0.0, **options):
    optimizers = make_optimizer("SGD", rate), make_optimizer("SGD", rate)
    return Trainer(load_network(T7), reference_discriminator(), *optimizers, Options(**options).settled(None))


def test_losses_agree_with_the_reference():
    trainer = reference_trainer()
    losses = tf.function(trainer.step, autograph=False)((Batch(reference_inputs()),), "all")
    np.testing.assert_allclose(losses["reconstruction"], FILE["loss_l2_weighted"], rtol=1e-5)
    np.testing.assert_allclose(losses["adversarial"], FILE["loss_adv"], rtol=1e-5)
    np.testing.assert_allclose(losses["generator"], FILE["loss_G_total_0999"], rtol=1e-5)
    real = trainer.discriminator(trainer.made_part(reference_inputs().image), training=True)
    expected = -np.mean(np.log(tf.sigmoid(real))) - np.mean(np.log(1 - FILE["D_fake_train"]))
    np.testing.assert_allclose(losses["discriminator"], expected, rtol=1e-5)


def test_the_rim_counts_ten_times_and_known_pixels_once_elsewhere():
    trainer, mask = reference_trainer(), reference_inputs().mask
    weights = trainer.made_part(mask + trainer.options.known_weight * (1 - mask))
    np.testing.assert_array_equal(weights[0, ..., 0], FILE["overlap_weight"])
    assert Options(region="random", masks="islands").settled(None).known_weight == 1
    assert Options(known_weight=3.0).settled(None).known_weight == 3


def test_the_discriminator_steps_first_and_the_generator_goes_by_the_new_one():
    """With plain gradient descent: the adversarial loss is that of the stepped discriminator."""
    trainer, apart = reference_trainer(0.5), reference_trainer(0.5)
    losses = trainer.step((Batch(reference_inputs()),), "all")
    real, completed = (
        apart.made_part(one) for one in (reference_inputs().image, apart.generator(reference_inputs(), training=True).output)
    )
    apart.train_discriminator(real, completed)
    for stepped, expected in zip(trainer.discriminator.trainable_variables, apart.discriminator.trainable_variables):
        np.testing.assert_allclose(stepped, expected, atol=1e-6)
    probabilities = tf.sigmoid(apart.discriminator(completed, training=True))
    np.testing.assert_allclose(losses["adversarial"], -np.mean(np.log(probabilities)), rtol=1e-4)
    assert abs(losses["adversarial"] - FILE["loss_adv"]) > 1e-3


def test_running_statistics_move_by_a_tenth():
    trainer = reference_trainer()
    variables = trainer.generator.named_variables()
    before = {name: variable.numpy() for name, variable in variables.items()}
    trainer.step((Batch(reference_inputs()),), "all")
    moved = [name for name, value in before.items() if not np.array_equal(value, variables[name])]
    assert moved and all("moving" in name for name in moved)  # The rates are zero.
    shown = np.where(reference_inputs().mask, FILL, reference_inputs().image)
    features = trainer.generator.conv2(tf.nn.leaky_relu(trainer.generator.conv1(tf.constant(shown, tf.float32)), 0.2))
    for name, of_batch in (("mean", np.mean(features, (0, 1, 2))), ("variance", np.var(features, (0, 1, 2), ddof=1))):
        expected = 0.9 * before[f"netG/bn2/moving_{name}"] + 0.1 * of_batch
        np.testing.assert_allclose(variables[f"netG/bn2/moving_{name}"], expected, rtol=1e-4, atol=1e-6)


def test_the_papers_rates_and_betas():
    trainer = training.build(Options(width=2, bottleneck=4, discriminator_width=2), "float32")
    rates = [float(optimizer.learning_rate) for optimizer in trainer.optimizers.values()]
    np.testing.assert_allclose(rates, [2e-3, 2e-4], rtol=1e-6)
    assert {(o.beta_1, o.beta_2, o.epsilon) for o in trainer.optimizers.values()} == {(0.5, 0.999, 1e-8)}


@pytest.mark.parametrize("kind", ["inner_centre", "islands", "blocks"])
def test_losses_fall(kind):
    keras.utils.set_random_seed(0)
    region = "centre" if kind == "inner_centre" else "random"
    options = Options(width=4, bottleneck=32, discriminator_width=2, region=region, masks=kind).settled(None)
    trainer = training.build(options, "float32")
    smooth = tf.image.resize(tf.random.stateless_uniform([4, 2, 2, 3], [0, 0], -1, 1), [128, 128])
    mask = masks.mask_function(kind)(tf.constant([[0, index] for index in range(4)]), 128, 128)
    batch = Batch(Inputs(smooth, mask[0] if isinstance(mask, tuple) else mask))
    step = tf.function(trainer.step, autograph=False)
    losses = [step((batch,), "all") for _ in range(15)]
    for name in ("reconstruction", "discriminator"):
        assert losses[-1][name] < 0.9 * losses[0][name], name


def test_without_adversarial_loss_the_discriminator_rests():
    trainer = reference_trainer(0.1, adversarial_weight=0.0)
    losses = trainer.step((Batch(reference_inputs()),), "all")
    assert losses["discriminator"] == losses["adversarial"] == 0
    for variable, value in zip(trainer.discriminator.variables, reference_discriminator().variables):
        np.testing.assert_array_equal(variable, value)


def test_replicas_add_up_to_one_device(two_replicas):
    """A picture on each of two devices: losses, discriminator and running statistics of both together."""
    alone, strategy = reference_trainer(0.1), two_replicas
    inputs = Inputs(*map(tf.constant, reference_inputs()[:2]))
    expected = alone.step((Batch(inputs),), "all")
    with strategy.scope():
        trainer = reference_trainer(0.1)

    @tf.function(autograph=False)
    def step():
        def on_replica():
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            return trainer.step((Batch(Inputs(*(tf.gather(one, [index]) for one in inputs[:2]))),), "all")

        return {name: strategy.reduce("SUM", value, axis=None) for name, value in strategy.run(on_replica).items()}

    for name, value in step().items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, err_msg=name)
    for network, other in zip(trainer.networks.values(), alone.networks.values()):
        for name, variable in network.named_variables().items():
            np.testing.assert_allclose(variable.numpy(), other.named_variables()[name].numpy(), atol=1e-4, err_msg=name)


def test_a_generator_and_discriminator_of_one_form():
    options = Options(width=2, bottleneck=4, discriminator_width=2, region="random", masks="islands", biases=True)
    trainer = training.build(options, "float32")
    assert "netG/deconv12/bias" in trainer.generator.named_variables()
    assert isinstance(trainer.generator, Generator) and isinstance(trainer.discriminator, Discriminator)
    assert (trainer.generator.region, trainer.discriminator.region, trainer.discriminator.side) == ("random", "random", 128)
