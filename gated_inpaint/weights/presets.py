"""Presets: a folder with a network's config beside its weights, in the layout of keras-hub.

  config.json        the network's class and config, whose it is, and on which size it was trained
  model.weights.h5   its variables by the names of the authors' files, in HDF5: no Keras' own order of layers, so that Keras 2 reads
                     what Keras 3 wrote, and the other way round
  preprocessor.json  how an `Inpainter` uses it: strategy, seams, what is done to finish

A preset is named by a name in `BUNDLED`, by its folder, or as "hf://owner/name", a repository of the Hugging Face Hub, which takes
the package huggingface_hub. Nothing of what a folder holds is run.
"""

import importlib
import json
import os
import pathlib
import shutil
import tempfile

from gated_inpaint.errors import InputError
from gated_inpaint.files.keras_files import write_named_h5
from gated_inpaint.models import registry
from gated_inpaint.weights.formats import BUNDLED, PRESET_CONFIG, PRESET_WEIGHTS, read_weights
from gated_inpaint.weights.loading import load_network, weights_of

PREPROCESSOR = "preprocessor.json"
HUB = "hf://"


def source_of(preset):
    """Where a preset's weights are: what `read_weights` takes.

    Raises:
      InputError: there is none of that name, or it cannot be fetched.
    """
    preset = os.fspath(preset)
    if preset.startswith(HUB):
        return _fetched(preset)
    if os.path.isfile(os.path.join(preset, PRESET_WEIGHTS)):
        return preset
    if preset in BUNDLED:
        return BUNDLED[preset]
    raise InputError(
        f"There is no preset {preset}: it must be one of {', '.join(BUNDLED)}, a folder with {PRESET_CONFIG} and {PRESET_WEIGHTS}, "
        f"or {HUB}owner/name."
    )


def load_preset(preset, precision="float32", kind=None):
    """The network of a preset; `kind`: the class that it has to be. Raises InputError."""
    network = load_network(source_of(preset), precision)
    if kind is not None and not isinstance(network, kind):
        raise InputError(f"The preset {preset} is a {type(network).__name__}, not a {kind.__name__}.")
    return network


def save_preset(network, folder, settings=None):
    """Writes a network as a preset.

    Arguments:
      network: a `Network` of a model of the house, or of a module with a MODEL.
      folder: made if need be; another preset in it is replaced.
      settings: {name: value} that an `Inpainter` is made with, JSON.

    Raises:
      InputError: the network is of no model, or the folder cannot be written.
    """
    model = _model_of(network)
    weights = weights_of(model, network)
    kind = type(network)
    config = {
        "module": kind.__module__,
        "class_name": kind.__name__,
        "config": weights.config,
        "registered_name": f"gated_inpaint>{kind.__name__}",
        "model": model.name,
        "training_size": network.training_size,
    }
    preprocessor = {"module": "gated_inpaint", "class_name": "Inpainter", "config": settings or {}}
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=".preset.", dir=folder))
        try:
            write_named_h5(scratch / PRESET_WEIGHTS, weights.arrays)
            for name, value in ((PREPROCESSOR, preprocessor), (PRESET_CONFIG, config)):
                (scratch / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
            for name in (PRESET_WEIGHTS, PREPROCESSOR, PRESET_CONFIG):
                os.replace(scratch / name, folder / name)
        finally:
            shutil.rmtree(scratch)
    except OSError as error:
        raise InputError(f"Cannot write the preset {folder}: {error.strerror}.") from error


def settings_of(source):
    """{name: value} that an `Inpainter` of a preset, found by `source_of`, is made with. Raises InputError if it cannot be read."""
    path = pathlib.Path(source, PREPROCESSOR)
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} does not say as it should how an Inpainter is made.") from error


def presets_of(kind):
    """{name: {"model", "config", "path"}} of the bundled presets of a class of networks."""
    found = {}
    for name, path in BUNDLED.items():
        weights = read_weights(path)
        if issubclass(weights.model.network, kind):
            found[name] = {"model": weights.model.name, "config": weights.config, "path": str(path)}
    return found


def _model_of(network):
    for model in registry.every():
        if type(network) is model.network:
            return model
    try:  # A model of one's own: its class lies in the module that holds the MODEL, or below.
        module = type(network).__module__
        while True:
            model = getattr(importlib.import_module(module), "MODEL", None)
            if model is not None and type(network) is model.network:
                return model
            module, _, _ = module.rpartition(".")
    except (ImportError, ValueError):
        raise InputError(f"{type(network).__name__} is the network of no model: no module above it has a MODEL.") from None


def _fetched(preset):
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError:
        raise InputError(f"{preset} needs the package huggingface_hub: pip install huggingface_hub.") from None
    try:
        return hub.snapshot_download(preset[len(HUB) :], allow_patterns=[PRESET_CONFIG, PRESET_WEIGHTS, PREPROCESSOR])
    except Exception as error:  # Whatever the package and the network between may raise.
        raise InputError(f"{preset} cannot be fetched: {' '.join(str(error).split())}.") from error
