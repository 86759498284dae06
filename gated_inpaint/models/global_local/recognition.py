"""Reads other frameworks' files that hold Global&Local's networks, told by names or layers.

  authors, Torch7    {model, mean}: the completion network alone, and its training set's mean colour
  port, PyTorch      conv1 .. conv17 and bn1 .. bn16; the mean colour is `mpv` in the config.json beside
  mmagic, PyTorch    generator.encoder, .dilation_neck, .decoder, and both discriminators; it is BGR

The first two are RGB. Convolutions of mmagic's have no bias: here it is 0. Flattened maps are
[channels, height, width] in PyTorch and [height, width, channels] here, so kernels of dense layers
are turned; mmagic joins the whole picture's vector before the crop's.
"""

import json
import math
import os

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.foreign import Imported, Tensors, check_shapes, keras_kernel
from gated_inpaint.models.global_local.tables import COMPLETION, DISCRIMINATOR, FEATURES, LAST, LAST_KERNEL, LOCAL_ROWS

_NETWORK = "the completion network of Global&Local"
_EPSILON = 1e-5

# mmagic's names of the completion network's convolutions, in their order.
_MMAGIC = [
    *(f"generator.encoder.enc{number}" for number in range(1, 7)),
    *(f"generator.dilation_neck.dilation_convs.{number}" for number in range(4)),
    *(f"generator.decoder.dec{number}" for number in range(1, 8)),
]
_MMAGIC_PARTS = {"local": "disc.local_disc", "global": "disc.global_disc"}

_CONVOLUTIONS = ("SpatialConvolution", "SpatialDilatedConvolution")
_TRANSPOSED = "SpatialFullConvolution"
_NORM, _RELU, _SIGMOID = "SpatialBatchNormalization", "ReLU", "Sigmoid"


def recognise(shapes):
    """None: names and shapes do not tell the order of the layers, and our own files say it."""
    return None


def import_weights(foreign):
    """`Imported` of what a file holds, None if it is another model's: see `models.foreign`.

    Raises:
      InputError: it is of this family, and cannot be used.

    """
    names = foreign.tensors
    if foreign.layers:
        return _from_torch7(foreign) if _is_torch7(foreign.layers) else None
    if any(name.startswith("generator.stage1.") for name in names):
        raise InputError(
            "it is mmagic's DeepFill, which pads its convolutions in another way than the authors' network: "
            "only the authors' own checkpoint is read."
        )
    if any(name.startswith("generator.dilation_neck.") for name in names):
        return _from_mmagic(Tensors(names, f"{_NETWORK} in mmagic"), any(name.startswith("disc.") for name in names))
    if any(name.startswith("generator.encoder.enc1.") for name in names):
        raise InputError("it is mmagic's network of partial convolutions, not that of Global&Local, and no network of the house.")
    if any(name.startswith(("model_ld.", "model_gd.")) for name in names):
        raise InputError(
            "it is the discriminator of Global&Local's PyTorch port, which completes nothing: give the completion network's file."
        )
    if "deconv13.weight" in names:
        return _from_port(Tensors(names, f"{_NETWORK} in its PyTorch port"), _mean_beside(foreign.path))
    return None


def _is_torch7(layers):
    weights = [layer.fields.get("weight") for layer in layers if layer.kind in (*_CONVOLUTIONS, _TRANSPOSED)]
    return len(weights) == len(COMPLETION) + 1 and getattr(weights[0], "shape", ())[1:] == (4, 5, 5)


def _from_torch7(foreign):
    mean = foreign.content.get("mean") if isinstance(foreign.content, dict) else None
    if isinstance(mean, dict) and set(mean) == {1, 2, 3}:
        mean = np.array([mean[channel] for channel in (1, 2, 3)])
    arrays = {"completion/mean": _checked_mean(mean, "its table has no `mean`, which should be the mean colour")}
    layers = [(number, layer) for number, layer in enumerate(foreign.layers, 1)]
    orders = set()
    for row in COMPLETION:
        _, convolution = _next(layers, *((_TRANSPOSED,) if row.doubles else _CONVOLUTIONS))
        _check_geometry(convolution.fields, row)
        number, following = _next(layers, _NORM, _RELU)
        orders.add("norm_relu" if following.kind == _NORM else "relu_norm")
        _, other = _next(layers, _RELU if following.kind == _NORM else _NORM)
        norm = (following if following.kind == _NORM else other).fields
        if norm.get("eps") != _EPSILON:
            raise InputError(f"its layer {number} has an epsilon of {norm.get('eps')}, and {_NETWORK} has {_EPSILON}.")
        of_norm = [norm.get(name) for name in ("weight", "bias", "running_mean", "running_var")]
        of_convolution = (convolution.fields.get(name) for name in ("weight", "bias"))
        arrays.update(_block(f"completion/{row.name}", row, *of_convolution, *of_norm))
    _, last = _next(layers, *_CONVOLUTIONS)
    _next(layers, _SIGMOID)
    arrays.update(_last(*(last.fields.get(name) for name in ("weight", "bias"))))
    if layers:
        raise InputError(f"its layer {layers[0][0]} is {layers[0][1].class_name}, and {_NETWORK} ends before it.")
    if len(orders) > 1:
        raise InputError("some of its layers normalise before the ReLU, and some after it.")
    return _imported(arrays, {"layer_order": orders.pop(), "mean_use": "subtracted", "picture_range": "unit"})


def _next(layers, *kinds):
    """Takes the next of [(number, layer)], which must be of one of some kinds."""
    if not layers:
        raise InputError(f"its layers end where {_NETWORK} has {kinds[0]}.")
    number, layer = layers.pop(0)
    if layer.kind not in kinds:
        raise InputError(f"its layer {number} is {layer.class_name}, where {_NETWORK} has {kinds[0]}.")
    return number, layer


def _check_geometry(fields, row):
    """Strides, rates and padding: weights alone do not tell them."""
    padding = 1 if row.doubles else row.rate * (row.kernel - 1) // 2
    expected = {"d": 2 if row.doubles else row.stride, "dilation": row.rate, "pad": padding}
    for name, value in expected.items():
        for axis in "HW":
            found = fields.get(name + axis, 1 if name == "dilation" else None)
            if found != value:
                raise InputError(f"its {row.name} has {name}{axis} {found}, and that of {_NETWORK} has {value}.")


def _from_port(tensors, mean):
    arrays = {"completion/mean": mean}
    for row in COMPLETION:
        number = row.name.lstrip("deconv")  # Of "conv1" and "deconv13".
        arrays.update(_named_block(f"completion/{row.name}", row, tensors, row.name, f"bn{number}"))
    arrays.update(_last(*(tensors.take(f"{LAST}.{name}") for name in ("weight", "bias"))))
    tensors.finish()
    return _imported(arrays, {"layer_order": "relu_norm", "mean_use": "filled", "picture_range": "unit"})


def _mean_beside(path):
    """The mean colour in the config.json that the port leaves beside its weights."""
    config = os.path.join(os.path.dirname(path), "config.json")
    try:
        with open(config, encoding="utf-8") as file:
            mean = json.load(file)["mpv"]
        mean = np.array(mean, np.float64)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"it lacks the mean colour of its training set: put the port's config.json, which has it as `mpv`, beside it "
            f"({config}: {type(error).__name__})."
        ) from error
    return _checked_mean(mean, f"the `mpv` in {config} is no mean colour")


def _checked_mean(mean, otherwise):
    """float32 [3] in [0, 1]. InputError: it is none."""
    if not isinstance(mean, np.ndarray) or mean.shape != (3,) or not np.all((mean >= 0) & (mean <= 1)):
        raise InputError(f"{otherwise}: three numbers from 0 to 1.")
    return mean.astype(np.float32)


def _from_mmagic(tensors, has_discriminators):
    arrays = {"completion/mean": np.full(3, 0.5, np.float32)}  # Its hole is 0 in [-1, 1].
    for row, name in zip(COMPLETION, _MMAGIC):
        arrays.update(_named_block(f"completion/{row.name}", row, tensors, f"{name}.conv", f"{name}.bn", has_bias=False))
    arrays.update(_last(*(tensors.take(f"{_MMAGIC[-1]}.conv.{name}") for name in ("weight", "bias"))))
    if has_discriminators:
        arrays.update(_mmagic_discriminators(tensors))
    tensors.finish()
    _reverse(arrays, "completion/conv1/kernel", 2)
    _reverse(arrays, f"completion/{LAST}/kernel", 3)
    _reverse(arrays, f"completion/{LAST}/bias", 0)
    return _imported(arrays, {"layer_order": "norm_relu", "mean_use": "subtracted", "picture_range": "signed"})


def _mmagic_discriminators(tensors):
    arrays = {}
    for part, rows in (("local", DISCRIMINATOR[:LOCAL_ROWS]), ("global", DISCRIMINATOR)):
        name = _MMAGIC_PARTS[part]
        for row in rows:
            scope = f"discriminator/{part}/{row.name}"
            arrays.update(_named_block(scope, row, tensors, f"{name}.{row.name}.conv", f"{name}.{row.name}.bn", has_bias=False))
        channels = len(arrays[f"discriminator/{part}/{rows[-1].name}/bias"])
        dense = (tensors.take(f"{name}.fc.linear.{kind}") for kind in ("weight", "bias"))
        arrays.update(_dense(f"discriminator/{part}/dense", *dense, channels))
        _reverse(arrays, f"discriminator/{part}/conv1/kernel", 2)
    join = _array(tensors.take("disc.fc.weight"), "discriminator/join")
    if join.ndim != 2 or join.shape[1] % 2:
        raise InputError(f"disc.fc.weight has the shape {list(join.shape)}, and should join two vectors of the same length.")
    arrays["discriminator/join/kernel"] = np.roll(join, join.shape[1] // 2, axis=1).T  # The crop's first.
    arrays["discriminator/join/bias"] = _array(tensors.take("disc.fc.bias"), "discriminator/join")
    return arrays


def _named_block(scope, row, tensors, convolution, norm, has_bias=True):
    of_norm = [tensors.take(f"{norm}.{kind}") for kind in ("weight", "bias", "running_mean", "running_var")]
    bias = tensors.take(f"{convolution}.bias") if has_bias else None
    return _block(scope, row, tensors.take(f"{convolution}.weight"), bias, *of_norm)


def _block(scope, row, weight, bias, *of_norm):
    """{name: array} of a convolution and its normalisation: weight, bias, running mean and variance."""
    kernel = keras_kernel(_array(weight, scope))
    bias = np.zeros(kernel.shape[2 if row.doubles else 3]) if bias is None else bias
    arrays = {"bias": bias, **dict(zip(("gamma", "beta", "moving_mean", "moving_variance"), of_norm))}
    return {f"{scope}/kernel": kernel, **{f"{scope}/{name}": _array(array, scope) for name, array in arrays.items()}}


def _last(weight, bias):
    scope = f"completion/{LAST}"
    return {f"{scope}/kernel": keras_kernel(_array(weight, scope)), f"{scope}/bias": _array(bias, scope)}


def _dense(scope, weight, bias, channels):
    """Of a dense layer over flattened maps, square ones of so many channels."""
    weight = _array(weight, scope)
    side = math.isqrt(weight.shape[1] // channels) if channels and weight.ndim == 2 else 0
    if not side or side * side * channels != weight.shape[1]:
        raise InputError(f"{scope} has the shape {list(weight.shape)}, which is not of square maps of {channels} channels.")
    kernel = weight.reshape(-1, channels, side, side).transpose(2, 3, 1, 0)
    return {f"{scope}/kernel": kernel.reshape(side * side * channels, -1), f"{scope}/bias": _array(bias, scope)}


def _array(value, scope):
    """float32. InputError: it is no array of numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise InputError(f"what should be an array of numbers of {scope} is none.")
    return value.astype(np.float32)


def _reverse(arrays, name, axis):
    """From BGR to RGB: the first three channels along an axis."""
    order = np.arange(arrays[name].shape[axis])
    order[:3] = order[2::-1]
    arrays[name] = np.take(arrays[name], order, axis)


def _imported(arrays, config):
    width = arrays["completion/conv1/bias"].shape[0]
    if width < 2 or width % 2:
        raise InputError(f"its first convolution has {width} channels, and {_NETWORK} an even number.")
    check_shapes(arrays, {**_completion_shapes(width), **_discriminator_shapes(arrays)})
    return Imported(arrays, {"width": width, **config})


def _completion_shapes(width):
    shapes, inputs = {"completion/mean": (3,)}, 4
    for row in COMPLETION:
        shapes.update(_block_shapes(f"completion/{row.name}", row, inputs, width))
        inputs = int(row.channels * width)
    shapes.update({f"completion/{LAST}/kernel": (LAST_KERNEL, LAST_KERNEL, inputs, 3), f"completion/{LAST}/bias": (3,)})
    return shapes


def _discriminator_shapes(arrays):
    """Of those that are there."""
    if "discriminator/join/kernel" not in arrays:
        return {}
    shapes, width = {}, arrays["discriminator/local/conv1/bias"].shape[0]
    features = FEATURES * width
    for part, rows in (("local", DISCRIMINATOR[:LOCAL_ROWS]), ("global", DISCRIMINATOR)):
        inputs = 3
        for row in rows:
            shapes.update(_block_shapes(f"discriminator/{part}/{row.name}", row, inputs, width))
            inputs = int(row.channels * width)
        dense = f"discriminator/{part}/dense"
        shapes.update({f"{dense}/kernel": (arrays[f"{dense}/kernel"].shape[0], features), f"{dense}/bias": (features,)})
    return {**shapes, "discriminator/join/kernel": (2 * features, 1), "discriminator/join/bias": (1,)}


def _block_shapes(scope, row, inputs, width):
    channels = int(row.channels * width)
    kernel = (channels, inputs) if row.doubles else (inputs, channels)
    of_channels = {f"{scope}/{name}": (channels,) for name in ("bias", "gamma", "beta", "moving_mean", "moving_variance")}
    return {f"{scope}/kernel": (row.kernel, row.kernel, *kernel), **of_channels}
