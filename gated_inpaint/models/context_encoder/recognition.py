"""Reads the authors' files of the Context Encoder (.t7), and tells ours by names and shapes.

A file of the authors holds the generator alone, its layers in order: convolution, normalisation,
activation. Biases of convolutions are left out where all are zero, as released. The encoder's
activation and the decoder's are the file's.
"""

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.models.context_encoder.networks import EPSILON
from gated_inpaint.models.context_encoder.tables import DECODERS, ENCODER, shapes_of
from gated_inpaint.models.foreign import Imported, check_shapes, keras_kernel

_FIRST = "netG/conv1/kernel"
_LAYERS = {"SpatialConvolution": "convolution", "SpatialFullConvolution": "transposed convolution"}
_ACTIVATIONS = {"LeakyReLU": "leaky_relu", "ReLU": "relu", "ELU": "elu"}


def recognise(shapes):
    """The config of the generator whose variables {name: shape} are given; None if they are not
    this model's.

    Raises:
      InputError: they are this model's by name and not by shape.
    """
    if _FIRST not in shapes:
        return None
    bottleneck = shapes.get("netG/conv6/kernel", ())
    for name, shape in ((_FIRST, shapes[_FIRST]), ("netG/conv6/kernel", bottleneck)):
        if len(shape) != 4 or shape[:2] != (4, 4):
            raise InputError(
                f"{name} has shape {list(shape)}, and this network needs [4, 4, channels, channels]: "
                "it holds weights of another network."
            )
    return {
        "region": "random" if "netG/deconv12/kernel" in shapes else "centre",
        "width": shapes[_FIRST][3],
        "bottleneck": bottleneck[3],
        "biases": "netG/conv1/bias" in shapes,
    }


def import_weights(foreign):
    """See `models.foreign`."""
    kinds = [layer.kind for layer in foreign.layers]
    first = foreign.layers[0].fields.get("weight") if foreign.layers else None
    if kinds[:1] != ["SpatialConvolution"] or np.shape(first)[1:] != (3, 4, 4):
        return None
    downs, ups = (kinds.count(kind) for kind in _LAYERS)
    region = {len(ENCODER) + len(table): region for region, table in DECODERS.items()}.get(downs + ups)
    if downs != len(ENCODER) or region is None:
        raise InputError(
            f"it has {downs} convolutions and {ups} transposed ones, and the Context Encoder's generator has 6, and 5 for a "
            f"hole in the centre or 6 for holes anywhere: it is {'a discriminator' if not ups else 'another network'}."
        )
    table, layers = (*ENCODER, *DECODERS[region]), list(foreign.layers)
    arrays, activations, biases = {}, {}, {}
    for row in table:
        arrays[f"netG/{row.name}/kernel"], biases[f"netG/{row.name}/bias"] = _convolution(row, layers)
        if row.normalised:
            arrays.update({f"netG/{row.normalisation}/{name}": array for name, array in _normalisation(row, layers).items()})
        if row is table[-1]:
            _take("Tanh", row, layers)
        else:
            activations.setdefault("decoder" if row.transposed else "encoder", set()).add(_activation(row, layers))
    if layers:
        raise InputError(f"it has {layers[0].kind} behind its last layer, which the Context Encoder has no place for.")
    for part, found in activations.items():
        if len(found) > 1:
            raise InputError(
                f"its {part} has the activations {', '.join(sorted(found))}, and the Context Encoder has one in each part."
            )
    with_biases = any(np.any(bias) for bias in biases.values())
    if with_biases:
        arrays.update(biases)
    width, bottleneck = arrays[_FIRST].shape[3], arrays["netG/conv6/kernel"].shape[3]
    check_shapes(arrays, shapes_of(table, "netG", width, bottleneck, with_biases))
    config = {"region": region, "width": width, "bottleneck": bottleneck, "biases": with_biases}
    return Imported(arrays, {**config, **{f"{part}_activation": found.pop() for part, found in activations.items()}})


def _take(kind, row, layers):
    """The fields of the next layer, which has to be of a kind."""
    if not layers or layers[0].kind != kind:
        found = layers[0].kind if layers else "nothing"
        raise InputError(f"it has {found} where the Context Encoder has {kind}, at {row.name}: it is another network.")
    return layers.pop(0).fields


def _convolution(row, layers):
    """Kernel and bias of a row."""
    fields = _take("SpatialFullConvolution" if row.transposed else "SpatialConvolution", row, layers)
    stride, padding = (1, 0) if row.whole else (2, 1)
    expected = {"dW": stride, "dH": stride, "padW": padding, "padH": padding, "adjW": 0, "adjH": 0}
    different = [name for name, value in expected.items() if (fields.get(name) or 0) != value]
    if different:
        given = ", ".join(f"{name} {fields.get(name)}" for name in different)
        raise InputError(f"its {row.name} has {given}, which the Context Encoder has not: it is another network.")
    kernel = keras_kernel(_array(fields, "weight", row))
    bias = fields.get("bias")  # There may be none.
    outputs = kernel.shape[2 if row.transposed else 3]
    return kernel, np.zeros(outputs, np.float32) if bias is None else _array(fields, "bias", row)


def _normalisation(row, layers):
    fields = _take("SpatialBatchNormalization", row, layers)
    if not np.isclose(fields.get("eps", EPSILON), EPSILON, rtol=1e-3):
        raise InputError(f"its {row.normalisation} has the epsilon {fields['eps']}, and the Context Encoder's is {EPSILON}.")
    names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    return {name: _array(fields, theirs, row) for name, theirs in names.items()}


def _activation(row, layers):
    """The name of the activation behind a row."""
    kind = layers[0].kind if layers else "nothing"
    if kind not in _ACTIVATIONS:
        raise InputError(f"it has {kind} behind {row.name}, and the Context Encoder one of {', '.join(_ACTIVATIONS)}.")
    fields = layers.pop(0).fields
    if (fields.get("negval", 0.2), fields.get("alpha", 1.0)) != (0.2, 1.0):
        raise InputError(f"its {kind} behind {row.name} has the slope {fields.get('negval', fields.get('alpha'))}, not 0.2 or 1.")
    return _ACTIVATIONS[kind]


def _array(fields, name, row):
    array = fields.get(name)
    if not isinstance(array, np.ndarray):
        raise InputError(f"{row.name} has no {name}, which the Context Encoder needs.")
    return np.asarray(array, np.float32)
