"""Tells the authors' files of DeepFill v1, and ours, by names and shapes."""

from gated_inpaint.errors import InputError

# Where in the authors' TensorFlow 1 checkpoints picture channels are BGR: {variable: axis}. The first is in every one of them.
PICTURE_AXES = {
    "inpaint_net/conv1/kernel": 2,
    "inpaint_net/xconv1/kernel": 2,
    "inpaint_net/pmconv1/kernel": 2,
    "discriminator/discriminator_global/conv1/kernel": 2,
    "discriminator/discriminator_local/conv1/kernel": 2,
    "inpaint_net/conv17/kernel": 3,
    "inpaint_net/conv17/bias": 0,
    "inpaint_net/allconv17/kernel": 3,
    "inpaint_net/allconv17/bias": 0,
}


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    name, refinement = "inpaint_net/conv1/kernel", shapes.get("inpaint_net/xconv1/kernel", ())
    # DeepFill v2 has the same names, and three inputs of the refinement where this one has five.
    if name not in shapes or refinement[2:3] != (5,):
        return None
    shape = shapes[name]
    if len(shape) != 4 or shape[:3] != (5, 5, 5) or shape[3] < 2 or shape[3] % 2:
        raise InputError(
            f"{name} has shape {list(shape)}, and this network needs [5, 5, 5, an even number]: "
            "it holds weights of another network."
        )
    return {"width": shape[3]}
