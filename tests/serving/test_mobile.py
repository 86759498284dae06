"""The TFLite model, run by TFLite's interpreter, against `Inpainter`."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, random_generator, write_weights

from gated_inpaint import Inpainter, InputError
from gated_inpaint.serving.mobile import export_tflite

SMALL = str(DATA / "generator")
WIDTH, HEIGHT = 64, 40


@pytest.fixture(scope="module", params=["float32", "float16"])
def exported(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("mobile") / "small.tflite"
    assert export_tflite(SMALL, path, (WIDTH, HEIGHT), request.param).size == path.stat().st_size
    return path, tf.lite.Interpreter(str(path)), request.param


def inputs():
    image = np.random.default_rng(0).integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)
    mask = np.zeros((1, HEIGHT, WIDTH, 1), np.uint8)
    mask[:, 8:29, 11:40] = 255
    return image, mask


def test_within_two_levels_of_the_full_result(exported):
    image, mask = inputs()
    completed = exported[1].get_signature_runner()(image=image, mask=mask)["completed"]
    assert completed.dtype == np.uint8
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(completed[known], image[known])
    assert np.abs(completed.astype(int) - Inpainter(SMALL)(image, mask)).max() <= 2
    assert (completed != image).any()


def test_levels_of_a_mask_are_relative_to_its_brightest(exported):
    image, mask = inputs()
    run = exported[1].get_signature_runner()
    completed = run(image=image, mask=mask)["completed"]
    for levels in (1, 15, 128):
        same = np.where(mask, levels, levels // 3).astype(np.uint8)
        np.testing.assert_array_equal(run(image=image, mask=same)["completed"], completed)
    np.testing.assert_array_equal(run(image=image, mask=0 * mask)["completed"], image)


def test_standard_operations_and_size(exported):
    path, interpreter, weight_type = exported
    operations = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert "CONV_2D" in operations and not any(name.startswith("Flex") or name == "CUSTOM" for name in operations)
    weights = sum(array.size for array in Inpainter(SMALL).network.get_weights())
    of_weights = weights * {"float32": 4, "float16": 2}[weight_type]
    assert of_weights < path.stat().st_size < of_weights + 200_000


def test_sketch(tmp_path):
    guided = str(DATA / "generator_guided")
    export_tflite(guided, tmp_path / "guided.tflite", (WIDTH, HEIGHT))
    image, mask = inputs()
    lines = np.zeros_like(mask)
    lines[:, 16] = 255
    interpreter = tf.lite.Interpreter(str(tmp_path / "guided.tflite"))
    completed = interpreter.get_signature_runner()(image=image, mask=mask, sketch=lines)["completed"]
    assert np.abs(completed.astype(int) - Inpainter(guided)(image, mask, lines)).max() <= 2


@pytest.mark.parametrize("convolution", ["partial", "vanilla"])
def test_other_convolutions(tmp_path, convolution):
    weights = write_weights(random_generator(convolution), tmp_path / "weights.npz")
    export_tflite(weights, tmp_path / "other.tflite", (WIDTH, HEIGHT))
    image, mask = inputs()
    completed = tf.lite.Interpreter(str(tmp_path / "other.tflite")).get_signature_runner()(image=image, mask=mask)["completed"]
    assert np.abs(completed.astype(int) - Inpainter(weights)(image, mask)).max() <= 2
    assert (completed != image).any()


def test_does_not_overwrite(tmp_path):
    (tmp_path / "a.tflite").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        export_tflite(SMALL, tmp_path / "a.tflite", (WIDTH, HEIGHT))
    assert (tmp_path / "a.tflite").read_text() == "mine"
