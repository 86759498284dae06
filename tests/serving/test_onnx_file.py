"""The ONNX model, run by ONNX Runtime, against `Inpainter` on the whole picture."""

import collections
import sys

import numpy as np
import pytest
from conftest import DATA, random_generator, write_weights

from gated_inpaint import Inpainter, InputError
from gated_inpaint.models import registry
from gated_inpaint.serving.onnx_file import export_onnx
from gated_inpaint.weights import weights_of
from gated_inpaint.weights import write_weights as write_weights_file


@pytest.fixture(scope="module")
def runtime():
    pytest.importorskip("tf2onnx")
    return pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def exported(runtime, tmp_path_factory):
    """(weights, path of the model, session) of a guided DeepFill v2 of full width."""
    folder = tmp_path_factory.mktemp("onnx")
    weights, path = write_weights(random_generator(width=48, sketch=True), folder / "wide.npz"), folder / "wide.onnx"
    assert export_onnx(weights, path).size == path.stat().st_size
    return weights, path, runtime.InferenceSession(path)


@pytest.fixture(scope="module")
def inpainter(exported):
    return whole(exported[0])


def whole(weights):
    """What an ONNX model is compared with."""
    return Inpainter(weights, hd_strategy="original", eager=True)


def inputs_of(height, width, batch=1):
    """Random levels, a hole for each that is never the same, and lines in it; 1 in both."""
    image = np.random.default_rng(height).integers(0, 256, (batch, height, width, 3), np.uint8)
    mask, lines = np.zeros((2, batch, height, width, 1), np.uint8)
    for index in range(batch):
        mask[index, height // 4 : height // 2 + 1 + index, width // 3 : width // 2 + 3 - index] = 1
    lines[:, :, width // 2] = 1
    return {"image": image, "mask": mask, "sketch": lines}


def check(session, inpainter, inputs, levels=1):
    [completed] = session.run(["completed"], inputs)
    image, mask = inputs["image"], inputs["mask"]
    assert completed.dtype == np.uint8 and completed.shape == image.shape
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(completed[known], image[known])
    assert np.abs(completed.astype(int) - inpainter(*inputs.values())).max() <= levels
    assert (completed != image).any()


@pytest.mark.parametrize("size", [(64, 40), (16, 24), (33, 48), (50, 67), (9, 31), (216, 96), (7, 200)])
def test_any_size_guided_at_full_width(exported, inpainter, size):
    check(exported[2], inpainter, inputs_of(*size))


def test_a_batch_has_a_mask_for_each(exported, inpainter):
    check(exported[2], inpainter, inputs_of(40, 51, batch=3))


def test_levels_are_relative_to_the_brightest_of_their_own_mask(exported):
    inputs = inputs_of(24, 32, batch=3)
    [expected] = exported[2].run(None, inputs)

    def soft(masks):
        levels = np.uint8([4, 60, 255]).reshape(3, 1, 1, 1)
        return np.where(masks, levels, levels // 3)

    same = {**inputs, "mask": soft(inputs["mask"]), "sketch": soft(inputs["sketch"])}
    np.testing.assert_array_equal(exported[2].run(None, same)[0], expected)
    np.testing.assert_array_equal(exported[2].run(None, {**inputs, "mask": 0 * inputs["mask"]})[0], inputs["image"])


def test_a_sketch_is_followed(exported):
    inputs = inputs_of(24, 32)
    [with_lines] = exported[2].run(None, inputs)
    assert (with_lines != exported[2].run(None, {**inputs, "sketch": 0 * inputs["sketch"]})[0]).any()


def test_standard_operations_of_opset_17(exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported[1])
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert not any(node.domain for node in model.graph.node)
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    any_size = ["batch", "height", "width"]
    channels = {"image": 3, "mask": 1, "sketch": 1, "completed": 3}
    assert shapes == {name: [*any_size, number] for name, number in channels.items()}


# The size of pictures is the network's own where it has one.
@pytest.mark.parametrize(
    "name, config, weight_type",
    [
        ("deepfill_v1", {"width": 8}, "float16"),
        ("global_local", {"width": 4}, "float32"),
        ("context_encoder", {"width": 4, "bottleneck": 16}, "float32"),
        ("shift_net", {"width": 4, "levels": 6}, "float16"),
        ("csa", {"width": 2, "levels": 5}, "float32"),
    ],
)
def test_every_other_model(runtime, tmp_path, name, config, weight_type):
    onnx = pytest.importorskip("onnx")
    model = registry.find(name)
    network = model.network(**config)
    rng = np.random.default_rng(0)
    for variable in network.variables:
        if len(variable.shape) == 4:
            variable.assign(rng.normal(0, 1.4 / np.sqrt(np.prod(variable.shape[:3])), variable.shape))
    write_weights_file(tmp_path / "weights.npz", weights_of(model, network))
    export_onnx(tmp_path / "weights.npz", tmp_path / "model.onnx", weight_type)
    sizes = collections.Counter()
    for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer:
        sizes[tensor.data_type] += int(np.prod(tensor.dims))
    halves = sizes[onnx.TensorProto.FLOAT16] / (sizes[onnx.TensorProto.FLOAT16] + sizes[onnx.TensorProto.FLOAT])
    assert halves > 0.9 if weight_type == "float16" else halves == 0

    side = network.picture_size
    inputs = inputs_of(side or 51, side or 40, batch=2)
    del inputs["sketch"]
    if side:  # A hole in the centre, which all of them take.
        inputs["mask"] = np.zeros_like(inputs["mask"])
        inputs["mask"][:, 5 * side // 16 : -5 * side // 16, 5 * side // 16 : -5 * side // 16] = 1
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    check(session, whole(tmp_path / "weights.npz"), inputs, levels=2 if weight_type == "float16" else 1)


def test_what_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "a.onnx").write_text("mine")
    for name, reason in (("a.onnx", "is there already"), ("b.tflite", "must end in .onnx"), ("none/a.onnx", "does not exist")):
        with pytest.raises(InputError, match=reason):
            export_onnx(DATA / "generator", tmp_path / name)
    assert (tmp_path / "a.onnx").read_text() == "mine"
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(InputError, match=r"pip install 'gated_inpaint\[onnx\]'"):
        export_onnx(DATA / "generator", tmp_path / "b.onnx")
