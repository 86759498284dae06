"""Reads and writes weights as a dictionary {checkpoint name: float32 array}, in RGB whatever the file's order.

The authors' network reads and writes pictures in OpenCV's order, BGR. Their checkpoints are therefore reversed along every axis
that holds picture channels, on the way in and again on the way out.
"""

import os
import pathlib
import re
import shutil
import tempfile
import zipfile

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError

# What belongs to the networks in a checkpoint; the rest is the optimiser's. (A generator's name says its convolution.)
_NETWORK_NAME = re.compile(r"(inpaint_net(_partial|_vanilla)?|discriminator/sn_patch_gan)/.+/(kernel|bias|u)")

# The folder of a training run holds its generator's moving average twice: where validation was best, and at the newest checkpoint.
RUN_BEST, RUN_NEWEST = "best.npz", "weights.npz"

# First convolutions, with the picture in their first three input channels, and last ones, with the picture as output.
_READS_PICTURE = (
    "inpaint_net/conv1/kernel",
    "inpaint_net/xconv1/kernel",
    "inpaint_net/pmconv1/kernel",
    "discriminator/sn_patch_gan/conv1/kernel",
)
_WRITES_PICTURE = (
    "inpaint_net/conv17/kernel",
    "inpaint_net/conv17/bias",
    "inpaint_net/allconv17/kernel",
    "inpaint_net/allconv17/bias",
)


def read_arrays(source):
    """Reads weights.

    Arguments:
      source: path of an `.npz`, folder or prefix of a TensorFlow 1 checkpoint, or folder of a training run (its best weights, or
        its newest ones if it has not been validated).

    Returns:
      {checkpoint name: float32 array}, RGB; of the generator, and of the discriminator if it is there.

    Raises:
      InputError: nothing is there, or it cannot be read as weights.
    """
    source = _of_run(os.fspath(source))
    if source.endswith(".npz"):
        arrays = _read_npz(source)
    else:
        arrays = reverse_picture_channels(_read_checkpoint(source))
    if not arrays:
        raise InputError(f"{source} holds no variable of this network (inpaint_net/.../kernel).")
    return arrays


def write_arrays(arrays, target):
    """Writes weights {checkpoint name: array}, RGB, so that `target` is complete or as it was before.

    Arguments:
      target: path ending in `.npz`; anything else is the prefix of a TensorFlow 1 checkpoint (`snap-0` in an existing folder).

    Raises:
      InputError: the target's folder does not exist or cannot be written; or a TensorFlow 1 checkpoint is wanted of a network that
        is not gated: the authors' graph could not read it.
    """
    target = pathlib.Path(target)
    if target.is_dir():
        target = target / "snap-0"
    others = [name for name in arrays if name.startswith("inpaint_net_")]
    if others and target.suffix != ".npz":
        raise InputError(
            f"{target}: a TensorFlow 1 checkpoint is of the authors' network, which is gated, and these weights are of another "
            f"({others[0]}): choose a name that ends in .npz."
        )
    if not target.parent.is_dir():
        raise InputError(f"Cannot write {target}: the folder {target.parent} does not exist.")
    try:
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"Cannot write {target}: {error.strerror}.") from error
    try:
        if target.suffix == ".npz":
            np.savez(scratch / target.name, **arrays)
        else:
            _write_checkpoint(reverse_picture_channels(arrays), scratch, target.name)
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


def _read_npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name], np.float32) for name in file.files if _NETWORK_NAME.fullmatch(name)}
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
        raise InputError(f"There are no weights {source}: neither an .npz, nor a checkpoint's folder or prefix.")
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = filter(_NETWORK_NAME.fullmatch, reader.get_variable_to_shape_map())
        return {name: reader.get_tensor(name).astype(np.float32) for name in sorted(names)}
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        raise InputError(f"The checkpoint {prefix} cannot be read: {str(error).splitlines()[0]}") from error


def _write_checkpoint(arrays, folder, name):
    names = sorted(arrays)
    tf.raw_ops.SaveV2(
        prefix=str(folder / name),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(arrays[name]) for name in names],
    )
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n')


def reverse_picture_channels(arrays):
    """From RGB to BGR or back."""
    reversed_arrays = dict(arrays)
    for name in _READS_PICTURE:
        if name in arrays:
            kernel = arrays[name]
            reversed_arrays[name] = np.concatenate([kernel[:, :, 2::-1], kernel[:, :, 3:]], axis=2)
    for name in _WRITES_PICTURE:
        if name in arrays:
            reversed_arrays[name] = arrays[name][..., ::-1]
    return reversed_arrays
