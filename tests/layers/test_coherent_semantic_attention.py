"""Coherent semantic attention against the authors' code, and what it does where theirs cannot."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras

from gated_inpaint.layers import CoherentSemanticAttention
from gated_inpaint.ops.feature_masks import covered_mask

FILE, PAPER = np.load(DATA / "csa_layer.npz"), np.load(DATA / "csa_layer_paper_variant.npz")

# Tolerances of the output and of the gradient.
CASES = {"center8": (1e-5, 1e-5), "border10": (1e-5, 1e-5), "single5": (1e-6, 1e-5), "nohole5": (0, 1e-6), "signed8": (2e-3, 1e-3)}


def maps(case, name):
    return tf.constant(FILE[f"{case}_{name}"].transpose(0, 2, 3, 1))


def mask_of(case):
    return tf.constant(FILE[f"{case}_mask"][np.newaxis, ..., np.newaxis], tf.float32)


def filled_and_gradient(layer, features, mask, upstream):
    with tf.GradientTape() as tape:
        tape.watch(features)
        filled, _ = layer(features, mask)
    return filled, tape.gradient(filled, features, upstream)


@pytest.mark.parametrize(
    "case, mode", [*((case, "eager") for case in CASES), ("border10", "graph"), ("border10", "xla"), ("nohole5", "xla")]
)
def test_agrees_with_the_authors_code(case, mode):
    layer, given = (
        CoherentSemanticAttention("released", "truncated"),
        (maps(case, "input"), mask_of(case), maps(case, "grad_output")),
    )
    run = filled_and_gradient if mode == "eager" else tf.function(filled_and_gradient, jit_compile=mode == "xla")
    filled, gradient = run(layer, *given)
    np.testing.assert_allclose(filled, maps(case, "output"), atol=CASES[case][0], rtol=0)
    np.testing.assert_allclose(gradient, maps(case, "grad_input_code"), atol=CASES[case][1], rtol=0)


def test_compiled_with_a_mask_that_is_made_there():
    """How many positions are in the hole is then known at run time alone."""
    whole = np.kron(mask_of("center8").numpy()[0, ..., 0], np.ones([8, 8], np.float32))[np.newaxis, ..., np.newaxis]

    @tf.function(jit_compile=True)
    def run(features, mask, upstream):
        hole = covered_mask(mask, 3)
        return hole, *filled_and_gradient(CoherentSemanticAttention(), features, hole, upstream)

    features, upstream = maps("center8", "input"), maps("center8", "grad_output")
    hole, *compiled = run(features, tf.constant(whole), upstream)
    assert 0 < np.sum(hole) < 64
    for one, expected in zip(compiled, filled_and_gradient(CoherentSemanticAttention(), features, hole, upstream)):
        np.testing.assert_allclose(one, expected, atol=1e-5)


@pytest.mark.parametrize("case", ["center8", "border10"])
def test_the_papers_similarity(case):
    filled, _ = CoherentSemanticAttention()(maps(case, "input"), mask_of(case))
    np.testing.assert_allclose(filled, PAPER[f"{case}_output_paper"].transpose(0, 2, 3, 1), atol=1e-5)
    assert np.abs(filled - maps(case, "output")).max() > 0.1


def test_what_is_unlike_counts_as_nothing_like():
    """By the paper's similarity features of any sign give means of known ones; the code's come out many times as large."""
    features, mask = maps("signed8", "input"), mask_of("signed8")
    filled = CoherentSemanticAttention()(features, mask)[0].numpy()
    known = features[0].numpy()[mask[0, ..., 0].numpy() == 0]
    assert (filled <= known.max(axis=0) + 1e-5).all() and (filled >= known.min(axis=0) - 1e-5).all()
    assert np.abs(maps("signed8", "output")).max() > 10 * np.abs(known).max()


def attention_of(features, mask):
    """The matrix of attention of one picture by the paper's formulas, one position after the other."""
    vectors, in_hole = features.numpy().reshape(-1, features.shape[-1]).astype(np.float64), mask.numpy().reshape(-1) > 0
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = np.where(in_hole, -2, directions @ directions.T)
    attention, before = np.eye(len(vectors)), None
    for index in np.flatnonzero(in_hole):
        match = np.argmax(cosines[index])
        row, weight = np.eye(len(vectors))[match], 0
        if before is not None:
            made = attention[before] @ vectors
            like_before = directions[index] @ made / np.linalg.norm(made)
            weight = like_before / (like_before + cosines[index, match])
        attention[index] = (1 - weight) * row + (weight * attention[before] if weight else 0)
        before = index
    return attention


def test_the_whole_gradient_is_that_of_the_attention_and_the_upstream_itself():
    features, mask, upstream = maps("border10", "input"), mask_of("border10"), maps("border10", "grad_output")
    filled, gradient = filled_and_gradient(CoherentSemanticAttention(), features, mask, upstream)
    attention = attention_of(features, mask)
    np.testing.assert_allclose(filled[0], (attention @ features[0].numpy().reshape(100, 24)).reshape(10, 10, 24), atol=1e-5)
    above = upstream[0].numpy().reshape(100, 24)
    np.testing.assert_allclose(gradient[0], (above + attention.T @ above).reshape(10, 10, 24), atol=1e-5)
    assert np.abs(gradient - maps("border10", "grad_input_code")).max() > 0.1


def test_a_mask_for_every_picture_holes_unequal():
    """And of a picture without a hole, and one without anything known, which stay as they are."""
    features = tf.concat([maps("center8", "input")] * 4, axis=0) * tf.reshape([1.0, -1.0, 0.5, 2.0], [4, 1, 1, 1])
    mask = np.zeros([4, 8, 8, 1], np.float32)
    mask[0, 2:5, 2:7], mask[1, 0, 0], mask[3] = 1, 1, 1
    upstream = tf.random.stateless_normal(features.shape, [0, 0])
    filled, offsets = CoherentSemanticAttention()(features, mask)
    _, gradients = filled_and_gradient(CoherentSemanticAttention(), features, mask, upstream)
    for index in range(4):
        one = features[index : index + 1], tf.constant(mask[index : index + 1])
        alone, offsets_alone = CoherentSemanticAttention()(*one)
        np.testing.assert_allclose(filled[index], alone[0], atol=1e-6)
        np.testing.assert_array_equal(offsets[index], offsets_alone[0])
        _, gradient = filled_and_gradient(CoherentSemanticAttention(), *one, upstream[index : index + 1])
        np.testing.assert_allclose(gradients[index], gradient[0], atol=1e-5)
        known = mask[index] == 0
        np.testing.assert_array_equal(np.where(known, filled[index], 0), np.where(known, features[index], 0))
    np.testing.assert_array_equal(filled[2:], features[2:])
    np.testing.assert_array_equal(gradients[2], 2 * upstream[2])
    assert not offsets[2:].numpy().any() and np.abs(filled[1, 0, 0] - features[1, 0, 0]).max() > 0.1


def test_offsets_lead_from_the_hole_to_the_most_like_known_feature():
    features, mask = maps("border10", "input"), mask_of("border10")
    offsets = CoherentSemanticAttention()(features, mask)[1].numpy()
    assert offsets.dtype == np.int32 and not offsets[mask[..., 0].numpy() == 0].any()
    vectors = features[0].numpy() / np.linalg.norm(features[0], axis=-1, keepdims=True)
    known = mask[0, ..., 0].numpy() == 0
    for row, column in np.argwhere(~known):
        cosines = np.where(known, vectors @ vectors[row, column], -2)
        found = (row + offsets[0, row, column, 0], column + offsets[0, row, column, 1])
        assert found == np.unravel_index(np.argmax(cosines), cosines.shape)


@pytest.mark.parametrize("similarity", ["cosine", "released"])
def test_features_of_zeros_are_no_accident(similarity):
    """None known, none in the hole, none at all, or one of the hole's alone."""
    mask, one = mask_of("center8"), np.zeros([1, 8, 8, 1], np.float32)
    one[0, 3, 4] = 1
    for zero in (1 - mask, mask, tf.ones_like(mask), one):
        features, upstream = maps("center8", "input") * (1 - zero), maps("center8", "grad_output")
        filled, gradient = filled_and_gradient(CoherentSemanticAttention(similarity), features, mask, upstream)
        assert np.isfinite(filled).all() and np.isfinite(gradient).all()


def test_as_a_layer_of_keras(tmp_path):
    layer = CoherentSemanticAttention("released", "truncated", name="csa")
    again = CoherentSemanticAttention.from_config(layer.get_config())
    assert (again.similarity, again.gradient, again.name) == ("released", "truncated", "csa")
    features, mask = keras.Input((8, 8, 16)), keras.Input((8, 8, 1))
    model = keras.Model([features, mask], list(layer(features, mask)))
    model.save(tmp_path / "model.keras")
    filled, _ = keras.models.load_model(tmp_path / "model.keras")([maps("center8", "input"), mask_of("center8")])
    np.testing.assert_allclose(filled, maps("center8", "output"), atol=1e-5)
    tf.saved_model.save(model, str(tmp_path / "saved"))
    assert layer.compute_output_shape((None, 8, 6, 16), (None, 8, 6, 1)) == ((None, 8, 6, 16), (None, 8, 6, 2))


def test_bfloat16_is_computed_in_float32():
    filled, _ = CoherentSemanticAttention("released", dtype="mixed_bfloat16")(maps("center8", "input"), mask_of("center8"))
    assert filled.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(filled, tf.float32), maps("center8", "output"), rtol=2e-2, atol=2e-2)


def test_refusals():
    with pytest.raises(ValueError, match="similarity of coherent semantic attention is one of cosine, released, not 'l2'"):
        CoherentSemanticAttention("l2")
    with pytest.raises(ValueError, match="gradient of coherent semantic attention is one of whole, truncated, not 'none'"):
        CoherentSemanticAttention(gradient="none")
