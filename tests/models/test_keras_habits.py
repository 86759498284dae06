"""Networks as citizens of Keras: what a user of Keras writes, on Keras 2 and 3."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import random_generator
from tensorflow import keras

from gated_inpaint import Discriminator, Generator
from gated_inpaint.models.deepfill_v2 import MODEL
from gated_inpaint.training.fit import TrainedByFit
from gated_inpaint.types import Inputs


@pytest.fixture(scope="module")
def generator():
    return random_generator()


@pytest.fixture(scope="module")
def case():
    """Image and mask."""
    rng = np.random.default_rng(0)
    mask = np.zeros([2, 32, 40, 1], np.float32)
    mask[0, 8:20, 10:30], mask[1, :9, :9] = 1, 1
    return rng.uniform(-1, 1, [2, 32, 40, 3]).astype(np.float32), mask


@pytest.fixture(scope="module")
def expected(generator, case):
    return generator(Inputs(*case)).composite.numpy()


def test_a_list_and_a_dictionary_are_inputs(generator, case, expected):
    image, mask = case
    for inputs in ([image, mask], (image, mask), {"image": image, "mask": mask}):
        np.testing.assert_array_equal(generator(inputs).composite, expected)
    with pytest.raises(ValueError, match="by these names, not image, masks"):
        generator({"image": image, "masks": mask})
    with pytest.raises(ValueError, match="an image and a mask"):
        generator(image)


def test_predict(generator, case, expected):
    for inputs in (list(case), dict(zip(("image", "mask"), case))):
        np.testing.assert_allclose(generator.predict(inputs, batch_size=1, verbose=0).composite, expected, atol=1e-5)


def test_config_says_what_the_network_is(generator):
    assert generator.get_config()["width"] == 8
    for network in (generator, Generator(12, sketch=True), Discriminator(4, sketch=True)):
        copy = type(network).from_config(network.get_config())
        assert copy.get_config() == network.get_config()
        assert [tuple(v.shape) for v in copy.variables] == [tuple(v.shape) for v in network.variables]


def test_saved_as_keras_and_loaded(generator, case, expected, tmp_path):
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    assert loaded.get_config() == generator.get_config()
    np.testing.assert_array_equal(loaded(list(case)).composite, expected)


def test_weights_alone(generator, case, expected, tmp_path):
    generator.save_weights(tmp_path / "generator.weights.h5")
    other = Generator(8)
    other.load_weights(tmp_path / "generator.weights.h5")
    np.testing.assert_array_equal(other(list(case)).composite, expected)


def test_a_checkpoint_holds_the_variables(generator, case, expected, tmp_path):
    tf.train.Checkpoint(g=generator).write(str(tmp_path / "checkpoint"))
    other = Generator(8)
    tf.train.Checkpoint(g=other).read(str(tmp_path / "checkpoint")).assert_existing_objects_matched()
    np.testing.assert_array_equal(other(list(case)).composite, expected)


def test_a_functional_model_around_it_is_saved_and_loaded(generator, case, expected, tmp_path):
    image, mask = keras.Input((32, 40, 3)), keras.Input((32, 40, 1))
    model = keras.Model([image, mask], generator([image, mask]).composite)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(list(case)), expected, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_global_policy_is_that_of_its_layers(case, policy):
    keras.mixed_precision.set_global_policy(policy)
    try:
        generator = Generator(8)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert generator.conv1.compute_dtype == policy[len("mixed_") :] and generator.get_config()["dtype"] == policy
    with tf.GradientTape() as tape:
        completion = generator(list(case))
        loss = tf.reduce_mean(completion.output**2)
    assert completion.composite.dtype == tf.float32
    known = case[1][..., 0] == 0
    np.testing.assert_array_equal(completion.composite.numpy()[known], case[0][known])
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, generator.trainable_variables))


def test_compile_and_fit_train_by_the_papers_step(case):
    keras.utils.set_random_seed(0)
    trainer = MODEL.build(MODEL.options(width=4, discriminator_width=4, learning_rate=1e-3).settled(None), "float32")
    before = [variable.numpy() for variable in trainer.generator.variables]
    model = TrainedByFit(trainer)
    model.compile()
    data = tf.data.Dataset.from_tensors(dict(zip(("image", "mask"), case))).repeat(2)
    history = model.fit(data, epochs=2, verbose=0).history
    assert set(history) == {"generator", "discriminator", "adversarial", "reconstruction"} and trainer.steps_done() == 4
    assert history["reconstruction"][1] < history["reconstruction"][0]
    assert any((new.numpy() != old).any() for new, old in zip(trainer.generator.variables, before))
    assert model([*case]).composite.shape == case[0].shape
