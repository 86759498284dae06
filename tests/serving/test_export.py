"""Versions as they are written, and read by TensorFlow alone."""

import importlib
import os
import pathlib
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from gated_inpaint import Inpainter, InputError
from gated_inpaint.commands.main import run as run_command
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.files.masks import read_mask
from gated_inpaint.serving import export as exporting
from gated_inpaint.serving.model import ServingModel
from gated_inpaint.types import Inputs

SMALL = str(DATA / "generator")
PHOTO = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
MASK = np.pad(np.full([5, 8], 255, np.uint8), [[4, 7], [3, 13]])


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """A version's folder, as the command writes it."""
    folder = tmp_path_factory.mktemp("models") / "small" / "7"
    assert run("--weights", SMALL, "--output", folder, "--max_megapixels", 0.01, "--warm_up", "40x24,33x57") == 0
    return folder


def run(*arguments):
    return run_command("export", [str(argument) for argument in arguments], "export")


def write_requests(folder):
    rng = np.random.default_rng(0)
    for name, shape in {
        "even": (16, 24, 3),
        "odd": (21, 13, 3),
        "gray": (33, 20, 1),
        "alpha": (19, 40, 4),
        "wide": (9, 63, 3),
    }.items():
        mask = np.zeros((*shape[:2], 1), np.uint8)
        mask[4:9, 3:11] = 255
        write_png(folder / f"{name}_image.png", rng.integers(0, 256, shape, np.uint8))
        write_png(folder / f"{name}_mask.png", mask)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_a_version_holds(version):
    assert files_below(version.parents[1]) == [
        f"small/7/{name}"
        for name in (
            "assets.extra/tf_serving_warmup_requests",
            "fingerprint.pb",
            "saved_model.pb",
            "variables/variables.data-00000-of-00001",
            "variables/variables.index",
        )
    ]
    weights = sum(array.size * 4 for array in Inpainter(SMALL).network.get_weights())
    assert sum(path.stat().st_size for path in version.rglob("*")) < weights + 3e6
    assert version.stat().st_mode & 0o777 == 0o777 & ~_umask()  # The server may run as someone else.


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_tensorflow_alone_reads_it(version, tmp_path):
    write_requests(tmp_path)
    script = pathlib.Path(__file__).with_name("load_without_project.py")
    ran = subprocess.run([sys.executable, script, version, tmp_path], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert ran.returncode == 0, ran.stderr

    inpainter = Inpainter(SMALL)
    for image in tmp_path.glob("*_image.png"):
        photo, mask = read_photo(image).array, read_mask(image.with_name(image.name.replace("image", "mask"))).hole
        expected = inpainter(photo, mask)
        for answer in ("loaded", "session"):
            completed = read_photo(image.with_name(image.name.replace("image", answer))).array
            np.testing.assert_array_equal(completed[~mask], photo[~mask])
            assert np.abs(completed.astype(int) - expected).max() <= 1

    ops = set(ran.stdout.split())
    assert {"Conv2D", "DecodePng", "EncodePng", "ReadVariableOp"} <= ops
    # tf.raw_ops holds TensorFlow's own operations, and none that a library adds.
    assert {op for op in ops if not hasattr(tf.raw_ops, op) or "PyFunc" in op} == set()


def test_nothing_is_left_to_xla(version):
    """Keras 3 hands a convolution whose channels are not known beforehand to XLA, which sessions in a loop may refuse."""
    saved = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    assert functions
    assert [function.signature.name for function in functions if function.attr["_XlaMustCompile"].b] == []


def test_saved_model_cli_runs_it(version, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (3, 17, 26, 3), np.uint8)
    mask = np.zeros((3, 17, 26, 1), np.uint8)
    for index in range(3):
        mask[index, 3 : 8 + index, 4:12] = 255
    np.save(tmp_path / "image.npy", image)
    np.save(tmp_path / "mask.npy", mask)
    tool = "from tensorflow.python.tools.saved_model_cli import main; main()"
    arguments = ["run", "--dir", version, "--tag_set", "serve", "--signature_def", "tensors", "--outdir", tmp_path]
    inputs = ["--inputs", f"image={tmp_path / 'image.npy'};mask={tmp_path / 'mask.npy'}"]
    ran = subprocess.run(
        [sys.executable, "-c", tool, *arguments, *inputs], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    completed = np.load(tmp_path / "completed.npy")
    np.testing.assert_array_equal(completed[mask[..., 0] == 0], image[mask[..., 0] == 0])
    assert np.abs(completed.astype(int) - Inpainter(SMALL)(image, mask)).max() <= 1


def test_warm_up_requests(version):
    """For each size, one to each signature. (The server of test_client.py runs them.)"""
    records = tf.data.TFRecordDataset(str(version / "assets.extra/tf_serving_warmup_requests")).as_numpy_iterator()
    requests = [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
    assert [request.model_spec.name for request in requests] == ["small"] * 4
    assert [request.model_spec.signature_name for request in requests] == ["serving_default", "tensors"] * 2
    for files, tensors, shape in ((*requests[:2], (24, 40)), (*requests[2:], (57, 33))):
        image, mask = (tf.make_ndarray(tensors.inputs[name]) for name in ("image", "mask"))
        assert image.shape == (1, *shape, 3) and mask.shape == (1, *shape, 1) and 0.2 < (mask == 255).mean() < 0.3
        for name, expected in (("image_bytes", image), ("mask_bytes", mask)):
            np.testing.assert_array_equal(tf.io.decode_png(tf.make_ndarray(files.inputs[name])[0]), expected[0])


def inputs(side=64, seed=0):
    mask = np.zeros((2, side, side, 1), np.float32)
    mask[:, side // 2 - 8 : side // 2 + 8, side // 2 - 8 : side // 2 + 8] = 1
    return {"image": np.random.default_rng(seed).uniform(-1, 1, (2, side, side, 3)).astype(np.float32), "mask": mask}


def test_what_is_loaded_is_the_network(version):
    loaded, network, given = tf.saved_model.load(str(version)), Inpainter(SMALL).network, inputs()
    assert {variable.shape for variable in loaded.trainable_variables} == {variable.shape for variable in network.variables}
    assert len(loaded.variables) == len(network.variables) and list(loaded.regularization_losses) == []
    expected = network(Inputs(**given))
    for function in (loaded, loaded.serve, loaded.train, lambda given: loaded(given, training=True)):
        made = function(given)
        assert made.keys() == {"coarse", "output", "composite"}
        for name, picture in (*expected.stages.items(), ("output", expected.output), ("composite", expected.composite)):
            np.testing.assert_allclose(made.get(name, made["output"]), picture, atol=1e-5)
    cut = {name: tf.constant(array[:, :, :61]) for name, array in given.items()}
    assert loaded(cut)["coarse"].shape == (2, 64, 61, 3)


def test_training_is_training(tmp_path):
    """Of a network that normalises by the batch."""
    weights = DATA / "weight_files/context_encoder_inpaintCenter.t7"
    ServingModel(weights).save(tmp_path / "model")
    loaded, network, given = tf.saved_model.load(str(tmp_path / "model")), Inpainter(weights).network, inputs(128)
    assert len(loaded.trainable_variables) == len(network.trainable_variables) < len(loaded.variables)
    np.testing.assert_allclose(loaded(given)["output"], network.inpaint(Inputs(**given)).output, atol=1e-5)
    np.testing.assert_allclose(loaded(given, training=True)["output"], network(Inputs(**given), training=True).output, atol=1e-4)
    # Both moved their running statistics.
    np.testing.assert_allclose(loaded(given)["output"], network.inpaint(Inputs(**given)).output, atol=1e-4)


def test_what_the_page_says_of_reuse(version, tmp_path, monkeypatch):
    """Its blocks of Python: a step of training, and a handler for Apache Beam, of which two names are all that it takes."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("models/gated_inpaint").mkdir(parents=True)
    pathlib.Path("models/gated_inpaint/1").symlink_to(version)
    base = types.SimpleNamespace(ModelHandler=object, PredictionResult=lambda example, inference: (example, inference))
    for name in ("apache_beam", "apache_beam.ml", "apache_beam.ml.inference", "apache_beam.ml.inference.base"):
        monkeypatch.setitem(sys.modules, name, base)
    page = (pathlib.Path(__file__).parents[2] / "docs/serving.md").read_text()
    training, beam = (code for code in re.findall("^```python\n(.*?)^```", page, re.M | re.S) if "models/gated_inpaint/1" in code)

    exec(training.replace("1e-4", "1e-2"), {})
    names = {}
    exec(beam.replace("gated_inpaint/1", "gated_inpaint/2"), names)  # What the training saved.
    handler, files = names["Completing"](), (tf.io.encode_png(PHOTO).numpy(), tf.io.encode_png(MASK[..., np.newaxis]).numpy())
    ((example, answer),) = handler.run_inference([files], handler.load_model())
    assert example == files
    completed = tf.io.decode_png(answer).numpy()
    np.testing.assert_array_equal(completed[MASK == 0], PHOTO[MASK == 0])
    assert np.abs(completed.astype(int) - Inpainter(SMALL)(PHOTO, MASK)).max() > 8


@pytest.mark.parametrize("kind", ["TFSMLayer", "hub.KerasLayer"])
def test_layers_of_others_train_it(version, kind):
    if kind == "TFSMLayer":
        if not hasattr(keras.layers, "TFSMLayer"):
            pytest.skip("Keras 2 has no TFSMLayer.")
        frame, layer = keras, keras.layers.TFSMLayer(str(version), call_training_endpoint="train")
        loaded = layer._reloaded_obj
    else:
        hub = pytest.importorskip("tensorflow_hub", reason="TF Hub's layer takes tensorflow_hub and Keras 2.", exc_type=ImportError)
        frame = importlib.import_module("tf_keras") if hasattr(keras.layers, "TFSMLayer") else keras
        layer = hub.KerasLayer(str(version), trainable=True)
        loaded = layer._func
    given = inputs()
    symbols = {name: frame.Input(array.shape[1:], name=name) for name, array in given.items()}
    model = frame.Model(symbols, layer(symbols)["output"])
    assert len(model.trainable_weights) == len(loaded.trainable_variables)
    optimizer = frame.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mae")
    before = [variable.numpy() for variable in loaded.trainable_variables]
    losses = model.fit(given, given["image"], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    # Those that the signatures read, not copies.
    assert all((variable.numpy() != value).any() for variable, value in zip(loaded.trainable_variables, before))


@pytest.mark.parametrize("name", ["models", "v1", "01", "0", "-1", "1.5", "1 "])
def test_a_version_is_a_number(tmp_path, capsys, name):
    assert run("--weights", SMALL, "--output", tmp_path / name) == 1
    assert "named by a number" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_never_overwritten(version, capsys):
    before = {path: path.stat().st_mtime_ns for path in version.rglob("*")}
    assert run("--weights", SMALL, "--output", version) == 1
    assert "is there already" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in version.rglob("*")} == before
    empty = version.with_name("8")
    empty.mkdir()
    assert run("--weights", SMALL, "--output", empty) == 1
    empty.rmdir()


class Quick:
    """In place of ServingModel: writes a file, and looks at what TensorFlow Serving would see meanwhile."""

    sketch = False
    network = types.SimpleNamespace(finishing=None)
    failure = None

    def __init__(self, *_):
        pass

    def save(self, folder):
        folder.mkdir()
        (folder / "saved_model.pb").write_text("half")
        models = folder.parents[1]
        assert models.name == "models" and not any(path.name.isdigit() for path in models.iterdir())
        if Quick.failure:
            raise Quick.failure


@pytest.mark.parametrize(
    "failure, words",
    [(KeyboardInterrupt(), "interrupted"), (OSError(28, "No space left on device"), "No space left"), (None, "")],
)
def test_a_version_appears_whole_or_not_at_all(tmp_path, monkeypatch, capsys, failure, words):
    monkeypatch.setattr(exporting, "ServingModel", Quick)
    monkeypatch.setattr(Quick, "failure", failure)
    assert run("--output", tmp_path / "models" / "1") == int(failure is not None)
    assert words in capsys.readouterr().err
    assert files_below(tmp_path) == ([] if failure else ["models/1/saved_model.pb"])
    assert [path.name for path in (tmp_path / "models").iterdir()] == ([] if failure else ["1"])


def test_who_comes_second_does_not_overwrite(tmp_path, monkeypatch, capsys):
    class Overtaken(Quick):
        def save(self, folder):
            super().save(folder)
            (tmp_path / "models" / "1").mkdir()
            (tmp_path / "models" / "1" / "first").touch()

    monkeypatch.setattr(exporting, "ServingModel", Overtaken)
    assert run("--output", tmp_path / "models" / "1") == 1
    assert "not empty" in capsys.readouterr().err
    assert files_below(tmp_path) == ["models/1/first"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--output", "1", "--weights", "nowhere.npz"), "no weights file"),
        (
            ("--output", "1", "--warm_up", "2000x1000", "--max_megapixels", "1"),
            "2000x1000 pixels is beyond the limit of 1 megapixels",
        ),
        (("--output", "1", "--size", "64x64"), "--size goes with --format=tflite"),
        (("--output", "a.tflite", "--format", "tflite"), "name it, such as --size=256x256"),
        (("--output", "a.tflite", "--format", "tflite", "--size", "64x60"), "divisible by 8, not 64x60"),
        (("--output", "a.bin", "--format", "tflite", "--size", "64x64"), "must end in .tflite"),
        (("--output", "a.tflite", "--format", "tflite", "--warm_up", "8x8"), "--warm_up goes with --format=saved_model"),
    ],
)
def test_refuses_in_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_says_what_warm_up_requests_take(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    monkeypatch.setattr(exporting, "ServingModel", None)  # It is not asked for a network first.
    with pytest.raises(InputError, match="pip install"):
        exporting.export(None, tmp_path / "models" / "1", warm_up=[(8, 8)])
    assert list(tmp_path.iterdir()) == []
