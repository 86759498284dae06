import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras

from gated_inpaint import Discriminator, Generator
from gated_inpaint.models.deepfill_v2 import MODEL, Trainer
from gated_inpaint.types import Batch, Inputs
from gated_inpaint.weights import assign_arrays, load_network, read_weights
from gated_inpaint.weights.formats import reverse_picture_channels

FILE = np.load(DATA / "training_step/train.npz")


class Recorder:
    """In an optimiser's place: remembers the gradients and changes nothing."""

    def build(self, variables):
        pass

    def apply_gradients(self, gradients_and_variables):
        self.gradients = [gradient for gradient, _ in gradients_and_variables]


def adam():
    return keras.optimizers.Adam(1e-4, 0.5, 0.999, 1e-8)


def reference_trainer(make_optimizer, **options):
    discriminator = Discriminator(8)
    assign_arrays(discriminator.named_variables(), read_weights(DATA / "training_step").arrays, "training_step")
    generator = load_network(DATA / "training_step")
    return Trainer(generator, discriminator, Generator(8), make_optimizer(), make_optimizer(), **options)


def reference_batch():
    image = tf.constant(FILE["image"][..., ::-1] / np.float32(127.5) - 1)
    return Batch(Inputs(image, tf.constant(np.repeat(FILE["mask"], 2, axis=0).astype(np.float32))))


STEP = (reference_batch(),), "all"


def in_our_order(prefix):
    """The file's arrays under a prefix, by checkpoint name, their picture channels turned from BGR to RGB."""
    return reverse_picture_channels({key[len(prefix) :]: FILE[key] for key in FILE.files if key.startswith(prefix)}, MODEL)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_losses_and_every_gradient_agree_with_the_release(compiled):
    trainer = reference_trainer(Recorder)
    losses = tf.function(trainer.step, jit_compile=True)(*STEP) if compiled else trainer.step(*STEP)
    np.testing.assert_allclose(losses["reconstruction"], FILE["ae_loss"], atol=1e-5)
    np.testing.assert_allclose(losses["generator"], FILE["g_loss"], atol=1e-5)
    np.testing.assert_allclose(losses["discriminator"], FILE["d_loss"], atol=1e-5)
    if compiled:
        return  # The recorder's gradients are tensors of the compiled graph.
    for network, optimizer, prefix in (
        (trainer.generator, trainer.generator_optimizer, "grad_g/"),
        (trainer.discriminator, trainer.discriminator_optimizer, "grad_d/"),
    ):
        expected = in_our_order(prefix)
        names = {id(variable): name for name, variable in network.named_variables().items()}
        assert len(optimizer.gradients) == len(expected)
        for variable, gradient in zip(network.trainable_variables, optimizer.gradients):
            name = names[id(variable)]
            error, size = np.linalg.norm(gradient - expected[name]), np.linalg.norm(expected[name])
            assert error <= 1e-4 * size or size < 1e-7, name


def test_three_rounds_of_adam_agree_with_the_release():
    trainer = reference_trainer(adam)
    run = tf.function(trainer.step)
    for expected in FILE["trajectory_d_g_ae"]:
        losses = run(*STEP)
        shown = [losses[name] for name in ("discriminator", "generator", "reconstruction")]
        np.testing.assert_allclose(shown, expected, atol=2e-3)
    variables = {**trainer.generator.named_variables(), **trainer.discriminator.named_variables()}
    after = in_our_order("after3/")
    assert after
    for name, expected in after.items():
        np.testing.assert_allclose(variables[name], expected, atol=4e-4, err_msg=name)


def test_without_adversarial_loss_the_discriminator_rests():
    trainer = reference_trainer(adam, adversarial_weight=0.0)
    before = [variable.numpy() for variable in trainer.discriminator.variables]
    losses = trainer.step(*STEP)
    assert losses["adversarial"] == losses["discriminator"] == 0 and losses["generator"] == losses["reconstruction"]
    for variable, value in zip(trainer.discriminator.variables, before):
        np.testing.assert_array_equal(variable, value)


def test_hole_weight_adds_the_error_inside_the_hole():
    inputs = reference_batch().inputs
    trainer = reference_trainer(Recorder, hole_weight=5.0)
    plain = reference_trainer(Recorder).step(*STEP)["reconstruction"]
    stages = trainer.generator(inputs).stages.values()
    in_hole = sum(np.mean(np.abs(inputs.image - picture) * inputs.mask) for picture in stages)
    np.testing.assert_allclose(trainer.step(*STEP)["reconstruction"], plain + 5 * in_hole, rtol=1e-5)


def test_ema_moves_towards_the_generator():
    trainer = reference_trainer(adam, ema_decay=0.15)
    ema_generator = trainer.completing_network
    for steps_done, decay in ((0, 0.1), (1, 0.15)):  # (1 + 0) / (10 + 0) = 0.1; then 0.15, which is less than 2 / 11.
        trainer.step_counter.assign(steps_done)
        before = [variable.numpy() for variable in ema_generator.variables]
        trainer.step(*STEP)
        for ema, variable, start in zip(ema_generator.variables, trainer.generator.variables, before):
            np.testing.assert_allclose(ema, decay * start + (1 - decay) * variable.numpy(), atol=1e-6)


def test_guided_step_shows_the_sketch_inside_the_hole_only():
    inputs = reference_batch().inputs
    sketch = tf.cast(tf.random.stateless_uniform(inputs.mask.shape, [0, 0]) > 0.9, tf.float32)
    results = []
    for shown in (sketch, tf.maximum(sketch, 1 - inputs.mask)):
        keras.utils.set_random_seed(0)
        networks = Generator(4, sketch=True), Discriminator(4, sketch=True), Generator(4, sketch=True)
        losses = Trainer(*networks, adam(), adam()).step((Batch(inputs._replace(sketch=shown)),), "all")
        results.append([float(loss) for loss in losses.values()])
    np.testing.assert_array_equal(*results)


def test_mixed_precision_keeps_losses_near():
    keras.utils.set_random_seed(0)
    exact, mixed = (
        Trainer(Generator(8, dtype=dtype), Discriminator(8, dtype=dtype), Generator(8, dtype=dtype), Recorder(), Recorder())
        for dtype in ("float32", "mixed_bfloat16")
    )
    for network in ("generator", "discriminator"):
        for new, old in zip(getattr(mixed, network).variables, getattr(exact, network).variables):
            new.assign(old)
    expected = exact.step(*STEP)
    for name, loss in mixed.step(*STEP).items():
        assert loss.dtype == tf.float32
        np.testing.assert_allclose(loss, expected[name], atol=0.02)
    assert all(gradient.dtype == tf.float32 for gradient in mixed.generator_optimizer.gradients)


@pytest.mark.parametrize("convolution", ["gated", "partial", "vanilla"])
def test_loss_falls_with_every_convolution(convolution):
    keras.utils.set_random_seed(0)
    generator, ema_generator = (Generator(8, convolution=convolution) for _ in range(2))
    optimizers = [keras.optimizers.Adam(5e-3, 0.5, 0.999, 1e-8) for _ in range(2)]
    trainer = Trainer(generator, Discriminator(8), ema_generator, *optimizers, adversarial_weight=0.01)
    before = [variable.numpy() for variable in generator.variables]
    smooth = tf.image.resize(tf.random.stateless_uniform([2, 2, 2, 3], [0, 0], -1, 1), [64, 64])
    batch = Batch(reference_batch().inputs._replace(image=smooth))
    one_step = tf.function(trainer.step, autograph=False)
    losses = [float(one_step((batch,), "all")["reconstruction"]) for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]
    for name, variable, start in zip(generator.named_variables(), generator.variables, before):
        assert np.isfinite(variable).all() and (np.asarray(variable) != start).any(), name
