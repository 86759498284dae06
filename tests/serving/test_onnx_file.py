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

SMALL = DATA / "generator"


@pytest.fixture(scope="module")
def runtime():
    pytest.importorskip("tf2onnx")
    return pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def small(runtime, tmp_path_factory):
    """(path, session) of the reference data's network."""
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    assert export_onnx(SMALL, path).size == path.stat().st_size
    return path, runtime.InferenceSession(path)


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(SMALL, hd_strategy="original")


def picture_and_mask(height, width, batch=1):
    """Random levels, and a hole for each that is never the same; 1 in it."""
    image = np.random.default_rng(height).integers(0, 256, (batch, height, width, 3), np.uint8)
    mask = np.zeros((batch, height, width, 1), np.uint8)
    for index in range(batch):
        mask[index, height // 4 : height // 2 + 1 + index, width // 3 : width // 2 + 3 - index] = 1
    return image, mask


def check(session, inpainter, image, mask, *sketch, levels=1):
    named = dict(zip(("image", "mask", "sketch"), (image, mask, *sketch)))
    [completed] = session.run(["completed"], named)
    assert completed.dtype == np.uint8 and completed.shape == image.shape
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(completed[known], image[known])
    assert np.abs(completed.astype(int) - inpainter(image, mask, *sketch)).max() <= levels
    assert (completed != image).any()


@pytest.mark.parametrize("size", [(64, 40), (16, 24), (33, 48), (50, 67), (9, 31), (216, 96), (7, 200)])
def test_any_size(small, inpainter, size):
    check(small[1], inpainter, *picture_and_mask(*size))


def test_a_batch_has_a_mask_for_each(small, inpainter):
    check(small[1], inpainter, *picture_and_mask(40, 51, batch=3))


def test_levels_of_a_mask_are_relative_to_its_own_brightest(small):
    image, mask = picture_and_mask(24, 32, batch=3)
    [expected] = small[1].run(None, {"image": image, "mask": mask})
    soft = np.stack([np.where(one, levels, levels // 3) for one, levels in zip(mask, (4, 60, 255))]).astype(np.uint8)
    np.testing.assert_array_equal(small[1].run(None, {"image": image, "mask": soft})[0], expected)
    np.testing.assert_array_equal(small[1].run(None, {"image": image, "mask": 0 * mask})[0], image)


def test_standard_operations_of_opset_17(small):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(small[0])
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert not any(node.domain for node in model.graph.node)
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    any_size = ["batch", "height", "width"]
    assert shapes == {"image": [*any_size, 3], "mask": [*any_size, 1], "completed": [*any_size, 3]}


def test_guided_at_full_width(runtime, tmp_path):
    weights = write_weights(random_generator(width=48, sketch=True), tmp_path / "wide.npz")
    export_onnx(weights, tmp_path / "wide.onnx")
    image, mask = picture_and_mask(45, 64)
    lines = np.zeros_like(mask)
    lines[:, 16] = 255
    session = runtime.InferenceSession(tmp_path / "wide.onnx")
    check(session, Inpainter(weights, hd_strategy="original"), image, mask, lines)


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
    image, mask = picture_and_mask(side or 51, side or 40, batch=2)
    if side:  # A hole in the centre, which all of them take.
        mask = np.zeros_like(mask)
        mask[:, 5 * side // 16 : -5 * side // 16, 5 * side // 16 : -5 * side // 16] = 1
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    inpainter = Inpainter(tmp_path / "weights.npz", hd_strategy="original")
    check(session, inpainter, image, mask, levels=2 if weight_type == "float16" else 1)


def test_what_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "a.onnx").write_text("mine")
    for name, reason in (("a.onnx", "is there already"), ("b.tflite", "must end in .onnx"), ("none/a.onnx", "does not exist")):
        with pytest.raises(InputError, match=reason):
            export_onnx(SMALL, tmp_path / name)
    assert (tmp_path / "a.onnx").read_text() == "mine"
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(InputError, match=r"pip install 'gated_inpaint\[onnx\]'"):
        export_onnx(SMALL, tmp_path / "b.onnx")
