"""Reads the authors' files of Shift-Net (.pth of its PyTorch code), and tells ours by names and
shapes.

A file holds the generator alone, by the modules' places in its nested blocks. The statistics that
old instance normalisation kept, and never used, are left out.
"""

from gated_inpaint.errors import InputError
from gated_inpaint.models import unet
from gated_inpaint.models.foreign import Imported, Tensors, check_shapes
from gated_inpaint.models.shift_net.generator import LEVEL, ROOT
from gated_inpaint.models.unet import UNet, levels_of, module_paths, take_tensors

_FIRST = f"{ROOT}/model.model.0/kernel"


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not
    this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    levels = levels_of(name[len(ROOT) + 1 :] for name in shapes if name.startswith(f"{ROOT}/"))
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
    levels = levels_of(foreign.tensors)
    paths = module_paths(levels, LEVEL)
    if levels < LEVEL + 2 or f"{paths[LEVEL][2]}.weight" not in foreign.tensors:
        return None
    tensors = Tensors(foreign.tensors, "Shift-Net")
    tensors.drop(".running_mean", ".running_var")
    arrays = {f"{ROOT}/{name}": array for name, array in take_tensors(tensors, levels, LEVEL).items()}
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
    return {f"{ROOT}/{name}": shape for name, shape in unet.shapes_of(UNet(width, levels, (LEVEL, 4 * width)), 4).items()}
