"""Reads the authors' files of CSA (.pth), and tells ours by names and shapes.

A snapshot of theirs is several files of one name: 30_net_P.pth has the rough network, 30_net_G.pth the refinement, 30_net_D.pth
and 30_net_F.pth the critics. Any of them stands for all that lie beside it; the first two have to be there. The statistics that
old instance normalisation kept, and never used, are left out.
"""

import os
import re

from gated_inpaint.errors import InputError
from gated_inpaint.files.torch_files import state_dict
from gated_inpaint.models import patch_discriminator, unet
from gated_inpaint.models.csa import feature_discriminator, refinement
from gated_inpaint.models.csa.generator import REFINEMENT_ROOT, ROUGH_ROOT
from gated_inpaint.models.csa.refinement import LEVEL
from gated_inpaint.models.foreign import Imported, Tensors, check_shapes
from gated_inpaint.models.patch_discriminator import CONVOLUTIONS, NORMALISATIONS
from gated_inpaint.models.unet import UNet

PARTS = {"P": "rough network", "G": "refinement network", "D": "discriminator", "F": "discriminator of features"}
_NAME = re.compile(r"(.*net_)([PGDF])(\.\w+)")


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    first = f"{ROUGH_ROOT}/model.model.0/kernel"
    levels = unet.levels_of(name[len(ROUGH_ROOT) + 1 :] for name in shapes if name.startswith(f"{ROUGH_ROOT}/"))
    if first not in shapes or levels <= LEVEL:
        return None
    shape = shapes[first]
    if len(shape) != 4 or shape[:3] != (4, 4, 3):
        raise InputError(
            f"{first} has shape {list(shape)}, and this network needs [4, 4, 3, channels]: it holds weights of another network."
        )
    return {"width": shape[3], "levels": levels}


def import_weights(foreign):
    """See `models.foreign`."""
    part = _part(foreign.tensors)
    if part is None:
        return None
    match = _NAME.fullmatch(os.path.basename(foreign.path))
    if not match or match.group(2) != part:
        raise InputError(
            f"it is CSA's {PARTS[part]} by what it holds, or one like it: such files are named *_net_{part}.pth, with "
            f"{' and '.join(f'*_net_{other}.pth' for other in 'PG' if other != part)} beside it."
        )
    beside = {other: f"{match.group(1)}{other}{match.group(3)}" for other in PARTS}
    given, folder = {part: foreign.tensors}, os.path.dirname(foreign.path)
    for other, name in beside.items():
        path = os.path.join(folder, name)
        if other != part and (other in "PG" or os.path.exists(path)):
            if not os.path.exists(path):
                raise InputError(f"it is CSA's {PARTS[part]}, and {name} with the {PARTS[other]} is not beside it.")
            given[other] = state_dict(path)
            if _part(given[other]) != other:
                raise InputError(f"it is CSA's {PARTS[part]}, and {name} beside it is not the {PARTS[other]}.")

    arrays, levels = {}, unet.levels_of(given["P"])
    for other, tensors in given.items():
        try:
            arrays.update(_arrays(other, tensors, levels))
        except InputError as error:
            raise error if other == part else InputError(f"{beside[other]} beside it: {error}") from error
    width = arrays[f"{ROUGH_ROOT}/model.model.0/kernel"].shape[3]
    shapes = shapes_of(width, levels)
    if "D" in given:
        shapes.update(patch_discriminator.shapes_of(arrays["net_D/model.0/kernel"].shape[3]))
    if "F" in given:
        shapes.update(feature_discriminator.shapes_of(*arrays["net_F/model.0/kernel"].shape[2:]))
    check_shapes(arrays, shapes)
    # Which holes it was trained on no file says; the layer is that of the authors' code.
    return Imported(
        arrays, {"width": width, "levels": levels, "similarity": "released", "gradient": "truncated", "region": "random"}
    )


def shapes_of(width, levels):
    """{name: shape} of a generator's variables."""
    shapes = {f"{ROUGH_ROOT}/{name}": shape for name, shape in unet.shapes_of(UNet(width, levels), 3).items()}
    paths = refinement.module_paths(levels + 1)
    for row in refinement.rows(width, levels + 1, 6):
        path = paths[row.level, row.place]
        shapes.update({f"{REFINEMENT_ROOT}/{path}/{name}": shape for name, shape in row.shapes.items()})
    return shapes


def _part(tensors):
    """Which of `PARTS` a file's tensors are, as far as their names and the first kernel say; None for none."""
    first = tensors.get("model.model.0.weight")
    if first is not None:
        if first.ndim == 4 and first.shape[2:] == (3, 3):
            return "G"
        plain = f"{unet.module_paths(LEVEL)[LEVEL - 1][2]}.weight"  # Where Shift-Net has another module.
        return "P" if first.ndim == 4 and first.shape[1:] == (3, 4, 4) and plain in tensors else None
    places = {name for name in tensors if re.fullmatch(r"model\.\d+\.weight", name)}
    convolutions_of = {"D": (*CONVOLUTIONS, *NORMALISATIONS), "F": feature_discriminator.PLACES}
    return next((part for part, of in convolutions_of.items() if places == {f"model.{place}.weight" for place in of}), None)


def _arrays(part, tensors, levels):
    """The arrays of a part's file, by our names; `levels` are the rough network's."""
    tensors = Tensors(tensors, f"CSA's {PARTS[part]}")
    tensors.drop(".running_mean", ".running_var")
    if part == "P":
        arrays = unet.take_tensors(tensors, levels)
    else:
        arrays = {}
        for path, is_normalisation in _paths(part, levels).items():
            arrays.update(tensors.take_normalisation(path) if is_normalisation else tensors.take_convolution(path))
    tensors.finish()
    return {f"net_{part}/{name}": array for name, array in arrays.items()}


def _paths(part, levels):
    """{path of a module: whether it is a normalisation} of a part's file."""
    if part == "G":
        return {path: place.endswith("norm") for (_, place), path in refinement.module_paths(levels + 1).items()}
    if part == "D":
        return {f"model.{place}": place in NORMALISATIONS for place in (*CONVOLUTIONS, *NORMALISATIONS)}
    return {f"model.{place}": False for place in feature_discriminator.PLACES}
