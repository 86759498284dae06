"""The generator in windows against the whole one. `pytest tests/models --window-cases=200` tries many."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases, random_generator, random_holes, rounding_error, windows_of

from gated_inpaint.models import two_stage
from gated_inpaint.models.deepfill_v2.tables import BEFORE_ATTENTION, COARSE, DECODER, HALLUCINATION
from gated_inpaint.models.rows import windows_of_rows
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network

TABLES = {"coarse": COARSE, "hallucination": HALLUCINATION, "before attention": BEFORE_ATTENTION, "decoder": DECODER}
REFERENCE = [(folder, *case) for folder in ("generator", "generator_guided") for case in cases(f"{folder}/io.npz")]


def test_equals_the_whole_network_in_the_holes(window_case):
    rng = np.random.default_rng(window_case)
    height, width = 8 * rng.integers(1, 51, 2)
    generator = random_generator(width=rng.choice([8, 12, 16]), seed=rng)
    mask = random_holes(rng, height, width)
    image = rng.uniform(-1, 1, [1, height, width, 3]).astype(np.float32)
    windows = windows_of(generator, mask, [height, width])
    expected = generator(Inputs(image, mask.astype(np.float32))).composite.numpy()
    complete = generator.windows.complete(Inputs(image, mask.astype(np.float32)), windows).composite.numpy()
    difference = np.abs(complete - expected).max()
    # Some pictures, through random weights and a softmax, depend on the last bit of their pixels. No sum in another order comes
    # nearer to the whole network than that network comes to itself with half of that bit changed.
    assert difference < 1e-4 or difference < rounding_error(generator, image, mask.astype(np.float32), expected)
    known = ~mask[..., 0]
    np.testing.assert_array_equal(complete[known], image[known])
    assert expected[~known].std() > 0.1 or mask.sum() < 100


@pytest.mark.parametrize("convolution", ["partial", "vanilla"])
@pytest.mark.parametrize(
    "size, hole", [((152, 208), (0, 70, 180, 208)), ((80, 448), (8, 70, 60, 120)), ((64, 400), (0, 64, 3, 400))]
)
def test_equals_the_whole_network_with_other_convolutions(convolution, size, hole):
    """In a corner, far from the sides, and too large for a partial network to fill (the refinement then has a mask, too)."""
    rng = np.random.default_rng(0)
    generator = random_generator(convolution, seed=rng)
    mask = np.zeros([1, *size, 1], np.float32)
    mask[:, hole[0] : hole[1], hole[2] : hole[3]] = 1
    image = rng.uniform(-1, 1, [1, *size, 3]).astype(np.float32)
    windows = windows_of(generator, mask > 0, size)
    expected = generator(Inputs(image, mask)).composite.numpy()
    for complete in (generator.windows.complete, tf.function(generator.windows.complete)):
        np.testing.assert_allclose(complete(Inputs(image, mask), windows).composite, expected, atol=1e-4)
    assert expected[mask[..., 0] > 0].std() > 0.1


@pytest.mark.parametrize("folder, key, case", REFERENCE, ids=[f"{folder}-{key}" for folder, key, _ in REFERENCE])
def test_agrees_with_the_release(folder, key, case):
    generator = load_network(DATA / folder)
    inputs = case.network_inputs()
    windows = windows_of(generator, inputs.mask > 0, inputs.image.shape[1:3])
    complete = tf.function(generator.windows.complete)(inputs, windows).composite
    np.testing.assert_allclose(complete, case["complete"], atol=1e-4)


def test_a_window_of_everything_makes_everything(monkeypatch):
    monkeypatch.setattr(two_stage, "BAND_PIXELS", 4 * 104 * 152 // 10)  # Several bands, of several rows.
    generator = load_network(DATA / "generator")
    image, mask = dict(cases("generator/io.npz"))["104x152"].network_inputs()[:2]
    expected = generator(Inputs(image, mask))
    made = generator.windows.complete(Inputs(image, mask), tf.constant([[[0, 0], [104, 152]]]))
    for name, picture in {**expected.stages, "composite": expected.composite}.items():
        np.testing.assert_allclose({**made.stages, "composite": made.composite}[name], picture, atol=1e-4, err_msg=name)
    np.testing.assert_array_equal(made.offsets, expected.offsets)


def test_every_picture_of_a_batch_has_its_own_holes():
    generator = load_network(DATA / "generator")
    image, mask = dict(cases("generator/io.npz"))["104x152"].network_inputs()[:2]
    mask = np.zeros_like(mask)
    mask[0, :20, 100:], mask[1, 60:90, 10:50] = 1, 1
    windows = windows_of(generator, mask > 0, [104, 152])
    complete = generator.windows.complete(Inputs(image, mask), windows).composite
    np.testing.assert_allclose(complete, generator(Inputs(image, mask)).composite, atol=1e-4)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("window", [[[0, 0], [1, 1]], [[5, 30], [9, 31]], [[60, 3], [64, 64]], [[0, 0], [64, 64]]])
def test_windows_are_what_the_result_depends_on(table, window):
    """Each row alone: what it makes in its window has a gradient in the window it reads, and nowhere else."""
    size = np.array([64, 64], np.int32)
    windows = windows_of_rows(table, tf.constant(window), tf.constant(size)).numpy()
    rng = np.random.default_rng(0)
    for row, read, (begin, end) in reversed(list(zip(table, windows, windows[1:]))):
        side = row.rate * (row.kernel - 1) + 1  # Without the gaps of a dilated kernel, which may step over the border.
        kernel = tf.constant(rng.uniform(1, 2, [side, side, 1, 1]), tf.float32)
        inputs = tf.zeros([1, *(size // 2 if row.upsample else size * row.stride), 1])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            doubled = tf.repeat(tf.repeat(inputs, 2, 1), 2, 2) if row.upsample else inputs
            made = tf.nn.conv2d(doubled, kernel, row.stride, "SAME")
            part = tf.reduce_sum(made[:, begin[0] : end[0], begin[1] : end[1]])
        rows, columns = np.nonzero(tape.gradient(part, inputs)[0, :, :, 0])
        assert [[rows.min(), columns.min()], [rows.max() + 1, columns.max() + 1]] == read.tolist(), row.scope
        size = np.array(inputs.shape[1:3], np.int32)


def test_smaller_windows_cost_less():
    generator, size = random_generator(), tf.constant([512, 512])
    windows = tf.constant([[[200, 200], [210, 210]], [[200, 200], [310, 310]], [[0, 0], [512, 512]]])
    small, larger, whole = generator.windows.multiplications(windows, size).numpy()
    assert 0 < small < larger < whole
    # Whole: counted from the tables by hand for width 8 at 512x512, encoder of the attention left out, in 1e9.
    positions, quarter, half, full = 64**2, 128**2, 256**2, 512**2
    coarse = full * 25 * 5 * 8 + half * 9 * (4 * 16 + 8 * 16) + quarter * 9 * (8 * 32 + 8 * 16 * 32)
    coarse += half * 9 * (16 * 16 * 4 / 9 + 8 * 16) + full * 9 * (8 * 8 * 4 / 9 + 4 * 4 + 2 * 3)
    hallucination = full * 25 * 3 * 8 + half * 9 * (4 * 8 + 4 * 16) + quarter * 9 * (8 * 16 + 8 * 32 + 5 * 16 * 32)
    decoder = quarter * 9 * (32 * 32 + 16 * 32) + half * 9 * (16 * 16 * 4 / 9 + 8 * 16)
    decoder += full * 9 * (8 * 8 * 4 / 9 + 4 * 4 + 2 * 3)
    attention = quarter * 9 * 2 * 16 * 32 + positions**2 * 25 * 16
    np.testing.assert_allclose(whole, coarse + hallucination + decoder + attention, rtol=1e-3)
