"""The shift layer against the authors' code, and what it does where theirs cannot."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras

from gated_inpaint.layers import Shift

FILE = np.load(DATA / "shift_layer.npz")
CASES = ("center8", "border10")


def maps(case, name):
    return tf.constant(FILE[f"{case}_{name}"].transpose(0, 2, 3, 1))


def mask_of(case):
    return tf.constant(FILE[f"{case}_mask"][..., np.newaxis], tf.float32)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "xla"])
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_authors_code(case, compiled):
    features, mask, upstream = maps(case, "input"), mask_of(case), maps(case, "grad_output")

    def run():
        with tf.GradientTape() as tape:
            tape.watch(features)
            filled, _ = Shift()(features, mask)
        return filled, tape.gradient(filled, features, upstream)

    filled, gradient = tf.function(run, jit_compile=True)() if compiled else run()
    np.testing.assert_array_equal(filled, maps(case, "output"))
    np.testing.assert_allclose(gradient, maps(case, "grad_input"), atol=1e-5)


def test_offsets_lead_to_what_was_copied():
    features, mask = maps("border10", "input"), mask_of("border10")
    filled, offsets = Shift()(features, mask)
    encoder, copied = features[..., 12:].numpy(), filled[..., 24:].numpy()
    assert offsets.dtype == tf.int32
    for row, column in np.argwhere(mask[0, ..., 0]):
        down, right = offsets[0, row, column].numpy()
        assert mask[0, row + down, column + right, 0] == 0
        np.testing.assert_array_equal(copied[0, row, column], encoder[0, row + down, column + right])
    known = mask[..., 0].numpy() == 0
    assert not offsets.numpy()[known].any() and not copied[known].any()


def test_a_mask_for_every_picture_holes_unequal():
    features = tf.concat([maps("center8", "input")] * 3, axis=0) * tf.reshape([1.0, -1.0, 0.5], [3, 1, 1, 1])
    mask = np.zeros([3, 8, 8, 1], np.float32)
    mask[0, 2:5, 2:7], mask[1, 0, 0] = 1, 1  # The third has no hole.
    filled, offsets = Shift()(features, mask)
    for index in range(3):
        alone = Shift()(features[index : index + 1], mask[index : index + 1])
        np.testing.assert_array_equal(filled[index], alone[0][0])
        np.testing.assert_array_equal(offsets[index], alone[1][0])
    assert not filled[2, ..., 32:].numpy().any() and filled[1, 0, 0, 32:].numpy().any()


def test_nothing_known_and_features_of_zeros_are_no_accident():
    features = maps("center8", "input")
    filled, offsets = Shift()(features, tf.ones([1, 8, 8, 1]))
    np.testing.assert_array_equal(filled, tf.concat([features, tf.zeros_like(features[..., :16])], axis=-1))
    assert not offsets.numpy().any()
    zeros = tf.zeros_like(features)
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        filled, _ = Shift()(zeros, mask_of("center8"))
    assert np.isfinite(filled).all() and np.isfinite(tape.gradient(filled, zeros)).all()


def test_as_a_layer_of_keras(tmp_path):
    features, mask = keras.Input((8, 8, 32)), keras.Input((8, 8, 1))
    model = keras.Model([features, mask], list(Shift()(features, mask)))
    model.save(tmp_path / "model.keras")
    given = [maps("center8", "input"), mask_of("center8")]
    filled, offsets = keras.models.load_model(tmp_path / "model.keras")(given)
    np.testing.assert_array_equal(filled, maps("center8", "output"))
    assert Shift().compute_output_shape((None, 8, 6, 32), (None, 8, 6, 1)) == ((None, 8, 6, 48), (None, 8, 6, 2))
    assert Shift.from_config(Shift(name="copies").get_config()).name == "copies"


def test_bfloat16_matches_in_float32():
    filled, _ = Shift(dtype="mixed_bfloat16")(maps("center8", "input"), mask_of("center8"))
    assert filled.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(filled, tf.float32), maps("center8", "output"), rtol=1e-2)


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="equally many channels, not 5 together"):
        Shift()(tf.zeros([1, 4, 4, 5]), tf.zeros([1, 4, 4, 1]))
