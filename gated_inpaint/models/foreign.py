"""Weights files of other frameworks, as a model's importer is given them, and tools for importers.

An importer turns what a file of Torch7 or PyTorch holds into arrays by the names of
`Network.named_variables`. It is a function of `ForeignWeights`, the `importer` of a `Model`, and
returns

  None      the file is not this model's: the next model is asked;
  Imported  the arrays, and the config that the network is constructed from;

or raises InputError for a file of the same family that cannot be used, saying which network it is
of. Nothing is lost in silence: a part of the file that the network has no place for is named, see
`Tensors.finish`. Shapes are checked here, before a network of that size is made: see
`check_shapes`.

Kernels of both frameworks are [output, input, height, width], those of transposed convolutions
[input, output, height, width]. The same transposition makes Keras kernels of both: `keras_kernel`.
"""

from typing import Any, NamedTuple

import numpy as np

from gated_inpaint.errors import InputError


class ForeignWeights(NamedTuple):
    """What a file holds, before anybody knows whose it is. Arrays are read-only, of any dtype."""

    path: str  # For what lies beside the file. Messages need not name it: whoever asks puts it in front.
    layers: tuple = ()  # Torch7: the network's layers in the order in which they run, as `torch7_files.modules` walks them.
    content: Any = None  # Torch7: all that the file holds, such as a table {"model": ..., "mean": ...}.
    tensors: dict[str, np.ndarray] = {}  # PyTorch: the weights by name, as `torch_files.state_dict` reads them.


class Imported(NamedTuple):
    """What an importer makes of it."""

    arrays: dict[str, np.ndarray]  # By the names of `named_variables`: of the network that completes, and of its critics.
    config: dict[str, Any]  # What the network is constructed from.


class Tensors:
    """The tensors of a PyTorch file, each to be taken once.

    Arguments:
      tensors: {name: array}.
      network: whose they should be, in words, for messages.
    """

    def __init__(self, tensors, network):
        self._left, self._network = dict(tensors), network

    def take(self, name):
        """The array of a name. InputError: there is none."""
        if name not in self._left:
            raise InputError(f"it has no {name}, which {self._network} needs.")
        return self._left.pop(name)

    def take_convolution(self, path):
        """{"PATH/kernel": array, "PATH/bias": array} of a convolution or a transposed one."""
        bias = np.asarray(self.take(f"{path}.bias"), np.float32)
        return {f"{path}/kernel": keras_kernel(self.take(f"{path}.weight")), f"{path}/bias": bias}

    def take_normalisation(self, path):
        """{"PATH/gamma": array, "PATH/beta": array}."""
        names = {"gamma": "weight", "beta": "bias"}
        return {f"{path}/{ours}": np.asarray(self.take(f"{path}.{theirs}"), np.float32) for ours, theirs in names.items()}

    def drop(self, *endings):
        """Leaves out what ends so: what a network of the house has no use for, and no picture depends on."""
        self._left = {name: array for name, array in self._left.items() if not name.endswith(endings)}

    def finish(self):
        """Raises InputError if something was not taken."""
        if self._left:
            more = f" and {len(self._left) - 1} more" if len(self._left) > 1 else ""
            raise InputError(f"it has {next(iter(self._left))}{more}, which {self._network} has no place for.")


def keras_kernel(weight):
    """The kernel of a convolution or a transposed one, float32 [height, width, channels, channels],
    for Keras' layer.

    Raises:
      InputError: it has not four axes.
    """
    if weight.ndim != 4:
        raise InputError(f"a kernel has the shape {list(weight.shape)}, and should have four axes.")
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0), np.float32)


def check_shapes(arrays, shapes):
    """Raises InputError, naming the first that disagrees, unless {name: array} has exactly {name: shape}."""
    for name, shape in shapes.items():
        if name not in arrays:
            raise InputError(f"it has no {name}: it holds weights of another network.")
        if arrays[name].shape != tuple(shape):
            raise InputError(
                f"{name} has shape {list(arrays[name].shape)}, and this network needs {list(shape)}: "
                "it holds weights of another network."
            )
    unknown = next((name for name in arrays if name not in shapes), None)
    if unknown is not None:
        raise InputError(f"it has {unknown}, which this network has no place for: it holds weights of another network.")
