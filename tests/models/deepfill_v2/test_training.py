import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras

from gated_inpaint import Discriminator, Generator
from gated_inpaint.models.deepfill_v2.training import Batch, TrainingStep
from gated_inpaint.weights import assign_arrays, load_generator, read_arrays
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


def reference_step(make_optimizer, **options):
    discriminator = Discriminator(8)
    assign_arrays(discriminator.checkpoint_variables(), read_arrays(DATA / "training_step"), "training_step")
    generator = load_generator(DATA / "training_step")
    return TrainingStep(generator, discriminator, make_optimizer(), make_optimizer(), Generator(8), **options)


def reference_batch():
    image = tf.constant(FILE["image"][..., ::-1] / np.float32(127.5) - 1)
    return Batch(image, tf.constant(np.repeat(FILE["mask"], 2, axis=0).astype(np.float32)))


def in_our_order(prefix):
    """The file's arrays under a prefix, by checkpoint name, their picture channels turned from BGR to RGB."""
    return reverse_picture_channels({key[len(prefix) :]: FILE[key] for key in FILE.files if key.startswith(prefix)})


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_losses_and_every_gradient_agree_with_the_release(compiled):
    step = reference_step(Recorder)
    losses = tf.function(step.__call__, jit_compile=compiled)(reference_batch()) if compiled else step(reference_batch())
    np.testing.assert_allclose(losses.reconstruction, FILE["ae_loss"], atol=1e-5)
    np.testing.assert_allclose(losses.generator, FILE["g_loss"], atol=1e-5)
    np.testing.assert_allclose(losses.discriminator, FILE["d_loss"], atol=1e-5)
    if compiled:
        return  # The recorder's gradients are tensors of the compiled graph.
    for network, optimizer, prefix in (
        (step.generator, step.generator_optimizer, "grad_g/"),
        (step.discriminator, step.discriminator_optimizer, "grad_d/"),
    ):
        expected = in_our_order(prefix)
        names = {id(variable): name for name, variable in network.checkpoint_variables().items()}
        assert len(optimizer.gradients) == len(expected)
        for variable, gradient in zip(network.trainable_variables, optimizer.gradients):
            name = names[id(variable)]
            error, size = np.linalg.norm(gradient - expected[name]), np.linalg.norm(expected[name])
            assert error <= 1e-4 * size or size < 1e-7, name


def test_three_rounds_of_adam_agree_with_the_release():
    step = reference_step(adam)
    run = tf.function(step.__call__)
    for expected in FILE["trajectory_d_g_ae"]:
        losses = run(reference_batch())
        np.testing.assert_allclose([losses.discriminator, losses.generator, losses.reconstruction], expected, atol=2e-3)
    variables = {**step.generator.checkpoint_variables(), **step.discriminator.checkpoint_variables()}
    after = in_our_order("after3/")
    assert after
    for name, expected in after.items():
        np.testing.assert_allclose(variables[name], expected, atol=4e-4, err_msg=name)


def test_without_adversarial_loss_the_discriminator_rests():
    step = reference_step(adam, adversarial_weight=0.0)
    before = [variable.numpy() for variable in step.discriminator.variables]
    losses = step(reference_batch())
    assert losses.adversarial == losses.discriminator == 0 and losses.generator == losses.reconstruction
    for variable, value in zip(step.discriminator.variables, before):
        np.testing.assert_array_equal(variable, value)


def test_hole_weight_adds_the_error_inside_the_hole():
    batch = reference_batch()
    step = reference_step(Recorder, hole_weight=5.0)
    completion = step.generator(batch.image, batch.mask)
    plain = reference_step(Recorder)(batch).reconstruction
    in_hole = sum(np.mean(np.abs(batch.image - picture) * batch.mask) for picture in completion[:2])
    np.testing.assert_allclose(step(batch).reconstruction, plain + 5 * in_hole, rtol=1e-5)


def test_average_follows_the_generator():
    step = reference_step(adam, average_decay=0.15)
    before = [variable.numpy() for variable in step.average.variables]
    step(reference_batch())  # Decay (1 + 0) / (10 + 0) = 0.1,
    for average, variable, start in zip(step.average.variables, step.generator.variables, before):
        np.testing.assert_allclose(average, 0.1 * start + 0.9 * variable.numpy(), atol=1e-6)
    before = [variable.numpy() for variable in step.average.variables]
    step(reference_batch())  # then 0.15, which is less than 2 / 11.
    for average, variable, start in zip(step.average.variables, step.generator.variables, before):
        np.testing.assert_allclose(average, 0.15 * start + 0.85 * variable.numpy(), atol=1e-6)
    assert int(step.step) == 2


def test_guided_step_shows_the_sketch_inside_the_hole_only():
    batch = reference_batch()
    sketch = tf.cast(tf.random.stateless_uniform(batch.mask.shape, [0, 0]) > 0.9, tf.float32)
    results = []
    for shown in (sketch, tf.maximum(sketch, 1 - batch.mask)):
        keras.utils.set_random_seed(0)
        step = TrainingStep(Generator(4, sketch=True), Discriminator(4, sketch=True), adam(), adam(), Generator(4, sketch=True))
        results.append([float(loss) for loss in step(batch._replace(sketch=shown))])
    np.testing.assert_array_equal(*results)


def test_mixed_precision_keeps_losses_near():
    keras.utils.set_random_seed(0)
    exact = TrainingStep(Generator(8), Discriminator(8), Recorder(), Recorder(), Generator(8))
    dtype = "mixed_bfloat16"
    mixed = TrainingStep(
        Generator(8, dtype=dtype), Discriminator(8, dtype=dtype), Recorder(), Recorder(), Generator(8, dtype=dtype)
    )
    for network in ("generator", "discriminator"):
        for new, old in zip(getattr(mixed, network).variables, getattr(exact, network).variables):
            new.assign(old)
    for name, loss in mixed(reference_batch())._asdict().items():
        assert loss.dtype == tf.float32
        np.testing.assert_allclose(loss, getattr(exact(reference_batch()), name), atol=0.02)
    assert all(gradient.dtype == tf.float32 for gradient in mixed.generator_optimizer.gradients)


@pytest.mark.parametrize("convolution", ["gated", "partial", "vanilla"])
def test_loss_falls_with_every_convolution(convolution):
    keras.utils.set_random_seed(0)
    generator, average = (Generator(8, convolution=convolution) for _ in range(2))
    optimizers = [keras.optimizers.Adam(5e-3, 0.5, 0.999, 1e-8) for _ in range(2)]
    step = TrainingStep(generator, Discriminator(8), *optimizers, average, adversarial_weight=0.01)
    before = [variable.numpy() for variable in generator.variables]
    smooth = tf.image.resize(tf.random.stateless_uniform([2, 2, 2, 3], [0, 0], -1, 1), [64, 64])
    one_step, batch = tf.function(step.__call__, autograph=False), reference_batch()._replace(image=smooth)
    losses = [float(one_step(batch).reconstruction) for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]
    for name, variable, start in zip(generator.checkpoint_variables(), generator.variables, before):
        assert np.isfinite(variable).all() and (np.asarray(variable) != start).any(), name
