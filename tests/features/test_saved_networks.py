import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from gated_inpaint import InputError
from gated_inpaint.features import FeatureMap, load_feature_network


def small_keras_model(outputs=("fine", "coarse"), side=None):
    keras.utils.set_random_seed(0)
    picture = keras.Input((side, side, 3))
    fine = keras.layers.Conv2D(4, 3, padding="same", name="first")(picture)
    coarse = keras.layers.Conv2D(5, 3, strides=2, padding="same", name="second")(fine)
    return keras.Model(picture, dict(zip(outputs, (fine, coarse))) if outputs else [fine, coarse])


@pytest.fixture(scope="module")
def pictures():
    return tf.random.stateless_uniform([2, 16, 16, 3], [0, 0], -1, 1)


def check(network, model, pictures, names):
    expected = model(pictures)
    expected = list(expected.values()) if isinstance(expected, dict) else expected
    assert network.maps == {names[0]: FeatureMap(4, 1), names[1]: FeatureMap(5, 2)}
    found = network(pictures)
    for name, wanted in zip(names, expected):
        np.testing.assert_allclose(found[name], wanted, atol=1e-5)
    assert list(network(pictures, [names[1]])) == [names[1]]
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        loss = tf.reduce_sum(network(pictures, [names[1]])[names[1]])
    assert np.abs(tape.gradient(loss, pictures)).max() > 0


@pytest.mark.parametrize("outputs, names", [(("fine", "coarse"), ("fine", "coarse")), (None, ("first", "second"))])
def test_keras_models(tmp_path, pictures, outputs, names):
    model = small_keras_model(outputs)
    model.save(tmp_path / "small.keras")
    network = load_feature_network(tmp_path / "small.keras")
    assert network.name == "small.keras"
    check(network, model, pictures, names)


def test_saved_models(tmp_path, pictures):
    model = small_keras_model()
    module = tf.Module()
    module.model = model
    signature = [tf.TensorSpec([None, None, None, 3], tf.float32)]
    module.call = tf.function(lambda picture: model(picture), input_signature=signature, autograph=False)
    tf.saved_model.save(module, str(tmp_path / "small"), signatures=module.call)
    network = load_feature_network(str(tmp_path / "small"))
    assert network.name == "small"
    check(network, model, pictures, ("fine", "coarse"))


def test_what_cannot_be_used_is_refused(tmp_path, pictures):
    small_keras_model(side=8).save(tmp_path / "sized.keras")
    picture = keras.Input((8, 8, 1))
    keras.Model(picture, keras.layers.Conv2D(4, 3)(picture)).save(tmp_path / "gray.keras")
    picture = keras.Input((8, 8, 3))
    keras.Model(picture, keras.layers.Flatten(name="flat")(picture)).save(tmp_path / "flat.keras")
    (tmp_path / "damaged.keras").write_bytes(b"nothing")
    for action, words in (
        (
            lambda: load_feature_network(tmp_path / "sized.keras")(pictures),
            "takes pictures of shape (None, 8, 8, 3), and these are",
        ),
        (lambda: load_feature_network(tmp_path / "gray.keras"), "not one picture [batch, height, width, 3]"),
        (lambda: load_feature_network(tmp_path / "flat.keras"), "[1, 192], and is no map"),
        (lambda: load_feature_network(tmp_path / "damaged.keras"), "cannot be read"),
        (lambda: load_feature_network(tmp_path / "nowhere.keras"), "cannot be read"),
        (lambda: load_feature_network(tmp_path), "is no SavedModel"),
    ):
        with pytest.raises(InputError) as caught:
            action()
        assert words in str(caught.value)
