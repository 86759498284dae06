"""The house: who may import whom, and that one more model takes one folder and no edit elsewhere."""

import ast
import dataclasses
import os
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

import gated_inpaint
from gated_inpaint import Inpainter, InputError
from gated_inpaint.evaluation.evaluate import evaluate
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.models import registry
from gated_inpaint.serving.export import export
from gated_inpaint.serving.mobile import export_tflite
from gated_inpaint.serving.onnx_file import export_onnx
from gated_inpaint.weights import read_weights

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = pathlib.Path(gated_inpaint.__file__).parent

# From the ground floor up. A room imports from its own floor and those below it; rooms of one floor in no circle.
FLOORS = (
    ("errors", "quiet", "example", "types", "ops", "files"),
    ("layers", "losses", "features"),
    ("data", "masks", "metrics", "sketch", "models"),
    ("training", "weights", "inference"),
    ("serving", "evaluation", "editor", "study"),
    ("commands",),
)


def imports():
    """{module: the modules of the package that it imports}, wherever in it it does."""
    modules = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    found = {}
    for module, tree in modules.items():
        named = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                named.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{module} imports relatively: name the module in full."
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    named.add(full if full in modules else node.module)
        found[module] = {name for name in named if name in modules} - {module, "gated_inpaint"}
    return found


def room(module):
    """The room of a module; mains, `python -m gated_inpaint.ROOM`, are commands wherever they lie."""
    if module.endswith(".__main__"):
        return "commands"
    return module.split(".")[1] if "." in module else ""


def circle(arrows):
    """A circle in {name: names}, as a list that ends with its beginning; None if there is none."""
    done = set()

    def follow(name, path):
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for following in sorted(arrows.get(name, ())):
                found = follow(following, [*path, name])
                if found:
                    return found
            done.add(name)
        return None

    return next(filter(None, (follow(name, []) for name in sorted(arrows))), None)


def test_no_arrow_goes_up_and_none_in_a_circle():
    floor = {name: number for number, rooms in enumerate(FLOORS) for name in rooms}
    found = imports()
    assert len(found) > 50 and {room(module) for module in found} - {""} <= floor.keys()
    up = [
        f"{module} imports {other}"
        for module, others in found.items()
        for other in others
        if module != "gated_inpaint" and floor[room(module)] < floor[room(other)]
    ]
    assert not up
    assert circle(found) is None
    rooms = {}
    for module, others in found.items():
        rooms.setdefault(room(module), set()).update(room(other) for other in others if room(other) != room(module))
    assert circle(rooms) is None
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]  # It would be found.


def test_the_frame_knows_no_model_and_no_model_another():
    """But for the package's face, which says to editors what it offers."""
    assert {"deepfill_v1", "deepfill_v2"} <= set(registry.names())
    for name in registry.names():
        home = f"gated_inpaint.models.{name}"
        for module, others in imports().items():
            if module != "gated_inpaint" and not f"{module}.".startswith(f"{home}."):
                assert not [other for other in others if f"{other}.".startswith(f"{home}.")], f"{module} imports {name}"


def test_the_frame_does_nothing_by_a_models_name():
    """But for the default, old files that name none, and what `import gated_inpaint` offers."""
    allowed = {"models/registry.py", "models/options.py", "__init__.py"}
    homes = {PACKAGE / "models" / name for name in registry.names()}
    for path in PACKAGE.rglob("*.py"):
        if homes.isdisjoint(path.parents) and path.relative_to(PACKAGE).as_posix() not in allowed:
            strings = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            assert strings.isdisjoint(registry.names()), path
            assert strings.isdisjoint(f"gated_inpaint.models.{name}" for name in registry.names()), path


@pytest.mark.parametrize("path", sorted((ROOT / "flags").glob("*.cfg")), ids=lambda path: path.stem)
def test_flagfiles_are_understood(path):
    """Every line sets an option of the model that the file names."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    given = dict(line.lstrip("-").split("=", 1) if "=" in line else (line.lstrip("-"), True) for line in lines)
    fields = {field.name for field in dataclasses.fields(registry.find(given.pop("model", registry.DEFAULT)).options)}
    assert given and given.keys() <= fields


TOY = '''
"""A model of one convolution, as somebody would begin one."""

import dataclasses

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.losses.reconstruction import l1_loss
from gated_inpaint.models import contract
from gated_inpaint.models.options import TrainingOptions, option
from gated_inpaint.types import Completion


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    size: int = option(16, "Side of the square crops, in pixels.")
    kernel: int = option(3, "Side of the only kernel.")


@keras.utils.register_keras_serializable(package="toy_model")
class Network(contract.Network):
    divisor = 4

    def __init__(self, kernel=3, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.kernel = kernel
        self.convolution = keras.layers.Conv2D(3, kernel, padding="same", activation="tanh", dtype="float32")
        self.convolution.build((None, None, None, 4))
        self.built = True

    def call(self, inputs, training=False):
        image, mask, _ = self.checked_inputs(inputs)
        masked = image * (1.0 - mask)
        output = self.convolution(tf.concat([masked, mask], axis=-1))
        return Completion(output, output * mask + masked, {"only": output})

    def get_config(self):
        return {**super().get_config(), "kernel": self.kernel}

    def named_variables(self):
        return {"toy/kernel": self.convolution.kernel, "toy/bias": self.convolution.bias}


class Trainer(contract.Trainer):
    batches_per_step = 2

    def __init__(self, network):
        super().__init__({"generator": network}, {"optimizer": (keras.optimizers.SGD(0.1), network.trainable_variables)})

    def phase(self, step):
        return "odd" if step % 2 else "even"

    def step(self, batches, phase):
        network = self.networks["generator"]
        with tf.GradientTape() as tape:
            loss = sum(l1_loss(batch.inputs.image, network(batch.inputs).output) for batch in batches) * self.share
        self.minimise(self.optimizers["optimizer"], loss, tape, network.trainable_variables)
        return {f"{phase}_loss": loss}


MODEL = contract.Model(
    "toy_model", "none", Network, Options, lambda options, dtype: Trainer(Network(options.kernel, dtype)), lambda shapes: None
)
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder with a model, on Python's path as long as the test lasts."""
    (tmp_path / "mine/toy_model").mkdir(parents=True)
    (tmp_path / "mine/toy_model/__init__.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path / "mine"))
    yield tmp_path / "mine"
    sys.modules.pop("toy_model", None)


def test_one_more_model_takes_one_folder(toy, tmp_path, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        cv2.imwrite(str(photos / f"{number}.png"), cv2.resize(rng.integers(0, 256, (4, 4, 3), np.uint8), (48, 48)))

    command = [sys.executable, str(ROOT / "train_main.py"), "--model=toy_model", f"--data={photos}", f"--validation_data={photos}"]
    command += [f"--run_dir={tmp_path}/run", "--kernel=5", "--batch_size=2", "--steps=3", "--validate_every=3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(toy)])}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr
    assert "odd_loss" in finished.stderr and "Stopped at step 3 of 3" in finished.stderr

    weights = read_weights(tmp_path / "run")
    assert weights.model.name == "toy_model" and weights.config == {"kernel": 5}
    image, mask = rng.integers(0, 256, (18, 21, 3), np.uint8), np.eye(18, 21, dtype=np.uint8)
    inpainter = Inpainter(tmp_path / "run")
    completed = inpainter(image, mask)
    assert inpainter.network.convolution.kernel.shape == (5, 5, 4, 3)
    np.testing.assert_array_equal(completed[mask == 0], image[mask == 0])
    assert (completed[mask > 0] != image[mask > 0]).any()

    methods = (f"toy=weights:{tmp_path / 'run'}", "mean")
    options = EvaluationOptions(str(photos), str(tmp_path / "table"), masks=("centre", "free_form"), methods=methods, size=32)
    assert "| toy |" in evaluate(options)
    assert inpainter.network.training_size == 16

    # What a network refuses, how it finishes a picture, and that it cannot be exported.
    network = type(inpainter.network)
    with pytest.raises(InputError, match="does nothing to finish"):
        Inpainter(tmp_path / "run", finish=True)
    monkeypatch.setattr(network, "finishing", "inverts it")
    monkeypatch.setattr(network, "finish", lambda self, photo, completed, mask: 255 - completed)
    finished = Inpainter(tmp_path / "run", finish=True)(image, mask)
    np.testing.assert_array_equal(finished, np.where(mask[..., np.newaxis], 255 - completed, image))
    with pytest.raises(InputError, match="8 bits"):
        Inpainter(tmp_path / "run", finish=True)(image.astype(np.uint16), mask)

    at_border = "takes no hole at the border."
    monkeypatch.setattr(network, "refusal", lambda self, size, hole: at_border if hole[0].any() or hole[:, 0].any() else None)
    with pytest.raises(InputError, match="takes no hole at the border"):
        inpainter(image, mask)
    refusing = dataclasses.replace(options, output=str(tmp_path / "refusing"), images=str(photos))
    rows = [line for line in evaluate(refusing).splitlines() if "| toy |" in line and line.startswith("| all")]
    assert "| 3 |" in rows[0] and "not applicable) |" in rows[1]
    assert evaluate(dataclasses.replace(refusing), resume=True).splitlines()[:12] == evaluate(refusing).splitlines()[:12]

    monkeypatch.setattr(network, "exportable", False)
    for write, to in ((export, "served/1"), (export_tflite, "a.tflite"), (export_onnx, "a.onnx")):
        with pytest.raises(InputError, match="Network cannot be exported: it completes by a loop in Python"):
            write(tmp_path / "run", tmp_path / to, *[(16, 16)] * (write is export_tflite))
