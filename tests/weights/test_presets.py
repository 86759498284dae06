"""Presets: what one Keras writes, the other reads."""

import inspect
import json
import shutil
import sys
import types

import h5py
import numpy as np
import pytest
from conftest import DATA, random_generator

from gated_inpaint import Generator, Inpainter, InputError
from gated_inpaint.commands.main import run
from gated_inpaint.models import registry
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network

PRESET = DATA / "preset"  # Written on Keras 2; `test_what_either_keras_wrote` makes it anew and compares.


def small(model):
    """A small network of a model with random weights."""
    parameters = inspect.signature(model.network.__init__).parameters
    content = {"model": "context_encoder", "config": {"width": 4, "bottleneck": 4}}
    small = {"width": 4, "bottleneck": 4, "content": content, "channels": [2] * 10}
    network = model.network(**{name: value for name, value in small.items() if name in parameters})
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(rng.normal(scale=0.3, size=variable.shape))
    return network


@pytest.mark.parametrize("name", registry.names())
def test_every_model_there_and_back(name, tmp_path):
    network = small(registry.find(name))
    network.training_size = 128
    network.save_to_preset(tmp_path / "preset")
    again = type(network).from_preset(tmp_path / "preset")
    assert again.get_config() == {**network.get_config(), "name": again.name} and again.training_size == 128
    variables = again.named_variables()
    for key, variable in network.named_variables().items():
        np.testing.assert_array_equal(variables[key], variable)
    assert sorted(path.name for path in (tmp_path / "preset").iterdir()) == [
        "config.json",
        "model.weights.h5",
        "preprocessor.json",
    ]
    config = json.loads((tmp_path / "preset/config.json").read_text())
    assert config["class_name"] == type(network).__name__ and config["model"] == name


def test_what_either_keras_wrote(tmp_path):
    network = load_network(PRESET)
    network.save_to_preset(tmp_path)
    for name in ("config.json", "preprocessor.json"):
        assert json.loads((tmp_path / name).read_text()) == json.loads((PRESET / name).read_text())
    with h5py.File(PRESET / "model.weights.h5") as before, h5py.File(tmp_path / "model.weights.h5") as after:
        names = []
        before.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        assert sorted(names) == sorted(network.named_variables())
        for name in names:
            np.testing.assert_array_equal(before[name], after[name])
    rng = np.random.default_rng(0)
    for name, variable in sorted(network.named_variables().items()):
        np.testing.assert_allclose(variable, rng.normal(scale=0.3, size=variable.shape), rtol=1e-6, err_msg=name)


def test_an_inpainter_says_how_it_is_used(tmp_path):
    image, hole = np.full((40, 48, 3), 90, np.uint8), np.zeros((40, 48), bool)
    hole[10:20, 10:30] = True
    inpainter = Inpainter(DATA / "generator", eager=True, hd_strategy="crop", working_size=64, blend="feather")
    inpainter.save_to_preset(tmp_path)
    again = Inpainter.from_preset(tmp_path, eager=True)
    assert again.plan(hole).strategy == "crop"
    np.testing.assert_array_equal(again(image, hole), inpainter(image, hole))
    other = Inpainter.from_preset(tmp_path, eager=True, blend="none", hd_strategy="original", working_size=None)
    assert other.plan(hole).strategy == "original"
    with pytest.raises(InputError, match="no setting speed"):
        Inpainter.from_preset(tmp_path, speed=1)
    assert run("complete", [f"--weights={tmp_path}", f"--output={tmp_path / 'made.png'}"], "complete") == 0


def test_bundled_presets(capsys):
    assert list(Generator.presets) == ["default", "guided", "thin"] and Generator.presets["default"]["config"]["width"] == 48
    assert registry.find("shift_net").network.presets == {}
    assert Generator.from_preset("default").width == 48 and isinstance(Inpainter.from_preset("default"), Inpainter)
    assert run("weights", ["list"], "weights") == 0
    assert "default: deepfill_v2, gated generator, base width 48" in capsys.readouterr().out
    for wrong in (["list", "a"], ["convert", "a"]):
        assert run("weights", wrong, "weights") != 0


def test_from_the_hub(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # As if it were not there.
    with pytest.raises(InputError, match="needs the package huggingface_hub"):
        Generator.from_preset("hf://somebody/something")
    asked = []

    def snapshot_download(name, allow_patterns):
        asked.append((name, allow_patterns))
        if name == "nobody/nothing":
            raise OSError("404,\n not found")
        return str(PRESET)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    network = registry.find("context_encoder").network.from_preset("hf://somebody/something")
    assert network.get_config()["width"] == 2
    assert asked == [("somebody/something", ["config.json", "model.weights.h5", "preprocessor.json"])]
    with pytest.raises(InputError, match="cannot be fetched: 404, not found."):
        Generator.from_preset("hf://nobody/nothing")


def test_what_is_wrong_with_a_preset(tmp_path):
    with pytest.raises(InputError, match="no preset nothing: it must be one of default"):
        Generator.from_preset("nothing")
    with pytest.raises(InputError, match="is a Generator, not a CompletionNetwork"):
        registry.find("global_local").network.from_preset(PRESET)

    def damaged(name, change):
        folder = tmp_path / name
        shutil.copytree(PRESET, folder)
        change(folder)
        return folder

    def compressed(folder):
        with h5py.File(folder / "model.weights.h5", "a") as file:
            file.create_dataset("bomb", (10**6,), np.float32, compression="gzip")

    def elsewhere(folder):
        with h5py.File(folder / "model.weights.h5", "a") as file:
            file["other"] = h5py.ExternalLink("/etc/passwd", "/")

    cases = {
        "no config": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        "no JSON": (lambda folder: (folder / "config.json").write_text("{"), "does not say as it should"),
        "cut short": (lambda folder: (folder / "model.weights.h5").write_bytes(b"\x89HDF"), "damaged"),
        "no HDF5": (lambda folder: (folder / "model.weights.h5").write_bytes(b"words"), "no HDF5 file"),
        "compressed": (compressed, "compressed"),
        "elsewhere": (elsewhere, "not in the file itself"),
        "settings": (lambda folder: (folder / "preprocessor.json").write_text("[]"), "how an Inpainter is made"),
    }
    for name, (change, words) in cases.items():
        with pytest.raises(InputError, match=words):
            Inpainter.from_preset(damaged(name, change))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write the preset"):
        random_generator().save_to_preset(tmp_path / "file")


def test_a_network_completes_as_it_did(tmp_path):
    network = random_generator()
    network.save_to_preset(tmp_path)
    mask = np.zeros((1, 32, 32, 1), np.float32)
    mask[:, 8:20, 8:20] = 1
    inputs = Inputs(np.zeros((1, 32, 32, 3), np.float32), mask)
    np.testing.assert_array_equal(Generator.from_preset(tmp_path)(inputs).composite, network(inputs).composite)
