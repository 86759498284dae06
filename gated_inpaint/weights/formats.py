"""Reads and writes weights files: arrays by the authors' names, RGB, and whose they are.

The authors' networks of DeepFill read and write pictures in OpenCV's order, BGR. Their checkpoints are therefore reversed along
every axis that holds picture channels, on the way in and again on the way out.

Files of Torch7 and PyTorch are read by the readers in `files`, which run nothing in them, and given to the models' importers, one
after the other (see `models.foreign`).
"""

import json
import os
import pathlib
import re
import shutil
import tempfile
import zipfile
from typing import NamedTuple, Optional

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.bounded_reader import damaged, open_for_reading
from gated_inpaint.files.keras_files import read_named_h5
from gated_inpaint.files.torch7_files import modules, read_torch7
from gated_inpaint.files.torch_files import state_dict
from gated_inpaint.models import registry
from gated_inpaint.models.contract import Model
from gated_inpaint.models.foreign import ForeignWeights
from gated_inpaint.types import Path

# The entry of an .npz that says whose weights it holds: JSON.
_DESCRIPTION = "gated_inpaint"

# What a TensorFlow 1 checkpoint holds beside the networks: an optimiser's slots and counts.
_OPTIMISERS = re.compile(r"(.*/)?(Adam|Adam_\d+|Momentum|RMSProp|RMSProp_\d+|beta[12]_power(_\d+)?|global_step)")

# The first bytes of a Torch7 file, an object or a table, and of PyTorch's two forms, an archive and a pickle.
_TORCH7_BEGINS, _TORCH_BEGINS = (b"\3\0\0\0", b"\4\0\0\0"), (b"PK\3\4", b"\x80")

# What comes with the package, by name; "default" completes by itself, "guided" along a sketch, "thin" what is thin.
BUNDLED = {name: pathlib.Path(__file__).with_name(f"{name}.npz") for name in ("default", "guided", "thin")}

# The folder of a training run holds its EMA's weights twice: where validation was best, and at the newest checkpoint.
RUN_BEST, RUN_NEWEST = "best.npz", "weights.npz"


# A preset's folder.
PRESET_CONFIG, PRESET_WEIGHTS = "config.json", "model.weights.h5"


class Weights(NamedTuple):
    """What a weights file holds."""

    arrays: dict  # {name: float32 array}, RGB: of the network that completes, and of its critics if they are there.
    model: Model
    config: dict  # What the model's network is constructed from.
    training_size: Optional[int] = None  # Side of the pictures that it was trained on, in pixels; None where the file says nothing.


def read_weights(source: Path) -> Weights:
    """Reads weights.

    Arguments:
      source: an `.npz`; folder or prefix of a TensorFlow 1 checkpoint; file of Torch7 (`.t7`) or PyTorch (`.pth`); folder of a
        preset; folder of a training run (its best weights, or its newest ones if it has not been validated); or, unless there is
        a file or folder of that name, a name in `BUNDLED`.

    Returns:
      `Weights`. A file that does not say whose it is, is recognised by names and shapes.

    Raises:
      InputError: nothing is there, it cannot be read as weights, or they are of no model of the house.
    """
    name = bundled_name(source)
    path = _of_run(os.fspath(BUNDLED[name] if name else source))
    if os.path.isfile(os.path.join(path, PRESET_WEIGHTS)):
        return Weights(read_named_h5(os.path.join(path, PRESET_WEIGHTS)), *_described(path, _config_of_preset(path)))
    if os.path.isfile(path) and not (path.endswith(".npz") or os.path.exists(path + ".index")):
        return _imported(_read_foreign(path))
    if path.endswith(".npz"):
        arrays, description = _read_npz(path)
    else:
        arrays, description = _read_checkpoint(path), None
    model, config, training_size = _described(path, description) if description else (*_recognised(path, arrays), None)
    if not path.endswith(".npz"):
        arrays = reverse_picture_channels(arrays, model)
    return Weights(arrays, model, config, training_size)


def bundled_name(source: Path) -> Optional[str]:
    """The name in `BUNDLED` that a source of weights is; None if it is none, or if there is a file or folder of that name."""
    path = os.fspath(source)
    return path if path in BUNDLED and not os.path.exists(path) else None


def write_weights(target: Path, weights: Weights) -> None:
    """Writes `Weights` so that `target` is complete or as it was before.

    Arguments:
      target: path ending in `.npz`; anything else is the prefix of a TensorFlow 1 checkpoint: `snap-0` in a folder that is there,
        or that is made if the path ends with a slash.

    Raises:
      InputError: the target's folder does not exist or cannot be written; or a TensorFlow 1 checkpoint is wanted of a network that
        the authors' graph could not read.
    """
    is_folder, target = os.fspath(target).endswith(os.sep), pathlib.Path(target)
    if is_folder and not target.is_dir():
        try:
            target.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"Cannot make the folder {target}: {error.strerror}.") from error
    if target.is_dir():
        target = target / "snap-0"
    if target.suffix != ".npz" and next(iter(weights.model.picture_axes), None) not in weights.arrays:
        raise InputError(
            f"{target}: a TensorFlow 1 checkpoint is of an authors' network, and these weights are of another "
            f"({next(iter(weights.arrays))}): choose a name that ends in .npz."
        )
    if not target.parent.is_dir():
        raise InputError(f"Cannot write {target}: the folder {target.parent} does not exist.")
    try:
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror}.") from error
    try:
        if target.suffix == ".npz":
            description = {"model": weights.model.name, "config": weights.config, "training_size": weights.training_size}
            text = json.dumps({name: value for name, value in description.items() if value is not None})
            arrays: dict = {**weights.arrays, _DESCRIPTION: np.array(text)}
            np.savez(scratch / target.name, **arrays)
        else:
            _write_checkpoint(reverse_picture_channels(weights.arrays, weights.model), scratch, target.name)
        # The index makes a checkpoint exist, so it comes last but for the state file that names it.
        for path in sorted(scratch.iterdir(), key=lambda path: (path.name == "checkpoint", path.suffix == ".index")):
            os.replace(path, target.parent / path.name)
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror}.") from error
    finally:
        shutil.rmtree(scratch)


def _of_run(source):
    """The weights in the folder of a training run; any other source as it is."""
    inside = (os.path.join(source, name) for name in (RUN_BEST, RUN_NEWEST))
    return next((path for path in inside if os.path.isfile(path)), source)


def _config_of_preset(folder):
    path = pathlib.Path(folder, PRESET_CONFIG)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The preset {folder} has no {PRESET_CONFIG} that can be read.") from error


def _read_npz(path):
    """Arrays, and the description as text, or None."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name], np.float32) for name in file.files if name != _DESCRIPTION}
            return arrays, str(file[_DESCRIPTION]) if _DESCRIPTION in file.files else None
    except FileNotFoundError as error:
        raise InputError(f"There is no weights file {path}.") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as an .npz of plain arrays: {error}") from error


def _read_checkpoint(source):
    prefix = source
    if os.path.isdir(source):
        prefix = tf.train.latest_checkpoint(source)
        if prefix is None:  # No state file, or one that names a place the folder was moved from.
            indices = sorted(pathlib.Path(source).glob("*.index"))
            if len(indices) != 1:
                raise InputError(
                    f"The folder {source} holds no checkpoint."
                    if not indices
                    else f"The folder {source} holds {len(indices)} checkpoints: name one, such as {indices[0].with_suffix('')}."
                )
            prefix = str(indices[0].with_suffix(""))
    elif not os.path.exists(source + ".index"):
        raise InputError(
            f"There are no weights {source}: neither {', '.join(BUNDLED)}, which come with the package, nor an .npz, nor a "
            "checkpoint's folder or prefix."
        )
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = [name for name in sorted(reader.get_variable_to_shape_map()) if not _OPTIMISERS.fullmatch(name)]
        arrays = {name: reader.get_tensor(name) for name in names}
        return {name: array.astype(np.float32) for name, array in arrays.items() if array.dtype.kind == "f"}
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        raise InputError(f"The checkpoint {prefix} cannot be read: {str(error).splitlines()[0]}") from error


def _read_foreign(path):
    """`ForeignWeights` of a file of Torch7 or PyTorch."""
    with open_for_reading(path) as file:
        begins = file.read(4)
    if path.lower().endswith(".t7") or begins in _TORCH7_BEGINS:
        content = read_torch7(path)
        return ForeignWeights(path, tuple(modules(content, path)), content)
    if begins.startswith(_TORCH_BEGINS):
        return ForeignWeights(path, tensors=state_dict(path))
    raise InputError(
        f"{path} is no weights file: neither an .npz, nor of Torch7 (.t7) or PyTorch (.pth), nor a checkpoint's folder or prefix."
    )


def _imported(foreign):
    """The `Weights` of the model that says they are its."""
    for model in registry.every():
        try:
            imported = model.importer(foreign) if model.importer else None
        except InputError as error:
            raise InputError(f"{foreign.path}: {error}") from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # A field that is something else.
            raise damaged(foreign.path, error) from error
        if imported is not None:
            return Weights(imported.arrays, model, imported.config)
    readers = ", ".join(model.name for model in registry.every() if model.importer)
    first = next(iter(foreign.tensors), None) or f"{len(foreign.layers)} layers"
    raise InputError(f"{foreign.path} holds weights of no network that is read from such a file ({readers}): it has {first}.")


def _described(source, description):
    """Model, config and training size or None that a file names."""
    try:
        described = json.loads(description)
        name, config = described["model"], dict(described["config"])
        training_size = described.get("training_size")
        training_size = training_size if training_size is None else int(training_size)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source} does not say as it should whose weights it holds: {description[:80]}") from error
    try:
        return registry.find(name), config, training_size
    except InputError as error:
        raise InputError(f"{source} holds weights of another model. {error}") from error


def _recognised(source, arrays):
    """Model and config that names and shapes tell."""
    shapes = {name: array.shape for name, array in arrays.items()}
    for model in registry.every():
        try:
            config = model.recognise(shapes)
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
        if config is not None:
            return model, config
    first = next(iter(arrays), "nothing")
    raise InputError(f"{source} holds weights of no network of the house ({', '.join(registry.names())}): it has {first}.")


def _write_checkpoint(arrays, folder, name):
    names = sorted(arrays)
    tf.raw_ops.SaveV2(
        prefix=str(folder / name),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(arrays[name]) for name in names],
    )
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n')


def reverse_picture_channels(arrays, model):
    """From RGB to BGR or back: the first three channels along each of the model's picture axes."""
    reversed_arrays = dict(arrays)
    for name, axis in model.picture_axes.items():
        if name in arrays:
            order = np.arange(arrays[name].shape[axis])
            order[:3] = order[2::-1]
            reversed_arrays[name] = np.take(arrays[name], order, axis)
    return reversed_arrays
