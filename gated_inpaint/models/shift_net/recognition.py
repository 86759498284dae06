"""Reads the authors' files of Shift-Net (.pth of its PyTorch code), and tells ours by names and
shapes.

A file holds the generator alone, by the modules' places in its nested blocks. The statistics that
old instance normalisation kept, and never used, are left out.
"""

import re

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.foreign import Imported, Tensors, check_shapes, keras_kernel
from gated_inpaint.models.shift_net.generator import LEVEL, ROOT
from gated_inpaint.models.unet import UNet, module_paths

_FIRST = f"{ROOT}/model.model.0/kernel"


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not
    this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    levels = _levels(name[len(ROOT) + 1 :] for name in shapes if name.startswith(f"{ROOT}/"))
    if _FIRST not in shapes or levels < LEVEL or f"{ROOT}/{module_paths(levels, LEVEL)[LEVEL][2]}/kernel" not in shapes:
        return None  # Without two more modules at that level it is another U-Net.
    shape = shapes[_FIRST]
    if len(shape) != 4 or shape[:3] != (4, 4, 4):
        raise InputError(
            f"{_FIRST} has shape {list(shape)}, and this network needs [4, 4, 4, channels]: it holds weights of another network."
        )
    return {"width": shape[3], "levels": levels}


def import_weights(foreign):
    """See `models.foreign`."""
    if "e1_c.weight" in foreign.tensors:
        raise InputError(
            "it is of Shift-Net's other network, that for random holes in faces (e1_c, with flipped shifts), which is not here."
        )
    if "model.0.weight_orig" in foreign.tensors:
        raise InputError("it is a discriminator, with spectral normalisation: give the generator's file, *_net_G.pth.")
    levels = _levels(foreign.tensors)
    paths = module_paths(levels, LEVEL)
    if levels < LEVEL + 2 or f"{paths[LEVEL][2]}.weight" not in foreign.tensors:
        return None
    tensors = Tensors(foreign.tensors, "Shift-Net")
    tensors.drop(".running_mean", ".running_var")
    arrays = {}
    for down, down_norm, up, up_norm in paths.values():
        for path in (down, up):
            arrays[f"{ROOT}/{path}/kernel"] = keras_kernel(tensors.take(f"{path}.weight"))
            arrays[f"{ROOT}/{path}/bias"] = np.asarray(tensors.take(f"{path}.bias"), np.float32)
        for path in filter(None, (down_norm, up_norm)):
            arrays[f"{ROOT}/{path}/gamma"] = np.asarray(tensors.take(f"{path}.weight"), np.float32)
            arrays[f"{ROOT}/{path}/beta"] = np.asarray(tensors.take(f"{path}.bias"), np.float32)
    tensors.finish()
    inputs, width = arrays[_FIRST].shape[2:]
    if inputs != 4:
        raise InputError(
            f"its network reads {inputs} channels, and Shift-Net's here reads 4: the picture's, and one for what is known."
        )
    check_shapes(arrays, shapes_of(width, levels))
    # The authors' code samples the mask. Which holes a file was trained on it does not say; two of their three were in the centre.
    return Imported(arrays, {"width": width, "levels": levels, "feature_mask": "sampled", "region": "centre"})


def shapes_of(width, levels):
    """{name: shape} of a generator's variables."""
    unet, shapes, inputs = UNet(width, levels), {}, 4
    for level, (down, down_norm, up, up_norm) in module_paths(levels, LEVEL).items():
        channels, outputs = unet.channels(level), unet.channels(level - 1) if level > 1 else 3
        read = channels * (1 if level == levels else 3 if level == LEVEL else 2)
        for path, kernel, made in ((down, (4, 4, inputs, channels), channels), (up, (4, 4, outputs, read), outputs)):
            shapes.update({f"{ROOT}/{path}/kernel": kernel, f"{ROOT}/{path}/bias": (made,)})
        for path, made in ((down_norm, channels), (up_norm, outputs)):
            if path:
                shapes.update({f"{ROOT}/{path}/{name}": (made,) for name in ("gamma", "beta")})
        inputs = channels
    return shapes


def _levels(names):
    """How many levels a U-Net of nested blocks has: the deepest block's."""
    nested = re.compile(r"model\.model\.1\.((?:model\.3\.)*)model\.1[./]")
    return max((2 + len(match.group(1)) // len("model.3.") for match in map(nested.match, names) if match), default=0)
