"""Reads Torch7's binary files (.t7) without Torch; nothing that a file holds is run.

A file is one Lua value: numbers, strings, booleans, tables and objects. Tables come as dictionaries
(Lua counts from 1, and so do their keys), tensors and storages as read-only NumPy arrays, any other
object as a `Torch7Object`, which is its class's name and its fields, and a Lua function as None:
its code is skipped. `modules` walks the layers of a network.

Form: little-endian; a value is an int32 for its type and what that type needs. Tables and objects
have an index, and one that was seen before is that value again.
"""

import struct

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.bounded_reader import BoundedReader, damaged, open_for_reading, strided_view

_NIL, _NUMBER, _STRING, _TABLE, _OBJECT, _BOOLEAN, _FUNCTION, _OLD_CLOSURE, _CLOSURE = range(9)

_MOST_VALUES, _DEEPEST, _MOST_MODULES = 1_000_000, 10_000, 10_000
_LONGEST_NAME = 100

# torch.FloatTensor and torch.FloatStorage; torch.CudaTensor holds float32 as well.
_DTYPES = {
    **{"Float": "<f4", "Double": "<f8", "Half": "<f2", "Cuda": "<f4", "CudaDouble": "<f8", "CudaHalf": "<f2"},
    **{"Byte": "u1", "Char": "i1", "Short": "<i2", "Int": "<i4", "Long": "<i8"},
    **{"CudaByte": "u1", "CudaChar": "i1", "CudaShort": "<i2", "CudaInt": "<i4", "CudaLong": "<i8"},
}
_TENSORS = {f"torch.{name}Tensor": dtype for name, dtype in _DTYPES.items()}
_STORAGES = {f"torch.{name}Storage": dtype for name, dtype in _DTYPES.items()}
_LIBRARIES = ("nn.", "cudnn.", "fbcunn.", "inn.", "stn.", "nngraph.", "graph.")

_CONVOLUTIONS = ("SpatialConvolution", "SpatialConvolutionMM", "SpatialDilatedConvolution")
_NORMALISATIONS = ("BatchNormalization", "SpatialBatchNormalization")


class Torch7Object:
    """An object of a class other than tensors and storages.

    Attributes:
      class_name: as in the file, such as "nn.Sequential".
      fields: {name: value}.
    """

    def __init__(self, class_name, fields=None):
        self.class_name, self.fields = class_name, fields

    @property
    def kind(self):
        """The class's name without `nn.` or `cudnn.`: they are the same layers."""
        library, _, name = self.class_name.rpartition(".")
        return name if library in ("nn", "cudnn") else self.class_name


def read_torch7(path):
    """Reads a Torch7 file.

    Entries of tables whose key is neither string nor number are left out.

    Returns:
      The value: a dictionary, array, `Torch7Object`, string, float, boolean or None.

    Raises:
      InputError: the file is missing, no binary Torch7 file, damaged, or holds what is not known
        here.
    """
    with open_for_reading(path) as file:
        begins = file.read(4)
        if len(begins) == 4 and begins[:1].isdigit() and begins[1:2] == b"\n":
            raise InputError(f"{path} is a Torch7 file in text form, which is not read: save it in Torch in binary form.")
        if len(begins) < 4 or not 0 <= int.from_bytes(begins, "little") <= _CLOSURE:
            raise InputError(f"{path} is no binary Torch7 file: it begins with {begins.hex(' ') or 'nothing'}.")
        try:
            return _Reader(BoundedReader(file, path)).run()
        except InputError:
            raise
        except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
            raise damaged(path, error) from error


class _Reader:
    """Reads values without recursion: graphs of modules are deep.

    Each reading method is a generator; it yields where a whole value follows in the file, and is
    sent that value.
    """

    def __init__(self, reader):
        self._reader, self._known = reader, {}

    def run(self):
        pending, value, count = [self._value()], None, 1
        while pending:
            try:
                pending[-1].send(value)
            except StopIteration as end:
                pending.pop()
                value = end.value
                continue
            pending.append(self._value())
            value, count = None, count + 1
            if len(pending) > _DEEPEST or count > _MOST_VALUES:
                raise ValueError(f"more than {_MOST_VALUES} values, or deeper than {_DEEPEST}")
        return value

    def _value(self):
        kind = self._whole(4)
        if kind == _NIL:
            return None
        if kind == _NUMBER:
            return struct.unpack("<d", self._reader.read(8))[0]
        if kind == _STRING:
            return self._string()
        if kind == _BOOLEAN:
            return self._whole(4) != 0
        if kind == _FUNCTION:
            return (yield from self._function())
        if kind not in (_TABLE, _OBJECT, _CLOSURE, _OLD_CLOSURE):
            raise ValueError(f"a value of the unknown type {kind}")
        index = self._whole(4)
        if index in self._known:
            return self._known[index]
        if kind == _TABLE:
            return (yield from self._table(index))
        if kind == _OBJECT:
            return (yield from self._object(index))
        self._known[index] = None
        return (yield from self._function())

    def _function(self):
        """The code is skipped; the variables that it keeps follow as a value."""
        self._reader.read(self._whole(4))
        yield

    def _table(self, index):
        table = self._known[index] = {}
        count = self._whole(4)
        self._reader.require(count * 8)  # A key and a value have four bytes at least.
        for _ in range(count):
            key = yield
            value = yield
            if isinstance(key, float) and key.is_integer() and abs(key) < 2**53:
                key = int(key)
            if isinstance(key, (str, int, float)) and not isinstance(key, bool):  # True would be 1.
                table[key] = value
        return table

    def _object(self, index):
        class_name = self._string(_LONGEST_NAME)
        if class_name.startswith("V "):  # Files from before versions begin with the class.
            class_name = self._string(_LONGEST_NAME)
        if class_name in _STORAGES:
            count = self._whole(8)
            result = self._reader.read_array(_STORAGES[class_name], count)
        elif class_name in _TENSORS:
            dimensions = self._whole(4)
            shape, strides = (tuple(self._reader.read_array("<i8", dimensions).tolist()) for _ in range(2))
            begin = self._whole(8)
            storage = yield
            if dimensions == 0 or storage is None:  # Empty; Torch has no scalars.
                result = np.zeros(0, _TENSORS[class_name])
                result.flags.writeable = False
            else:
                result = strided_view(storage, begin - 1, shape, strides, self._reader.size)
        elif class_name.startswith(_LIBRARIES):
            result = self._known[index] = Torch7Object(class_name)
            fields = yield
            if not isinstance(fields, dict):
                raise ValueError(f"an object of class {class_name} without fields")
            result.fields = fields
        else:
            raise InputError(
                f"{self._reader.path} holds an object of class {class_name!r}, which is not known here: save the network alone."
            )
        self._known[index] = result
        return result

    def _whole(self, size):
        return int.from_bytes(self._reader.read(size), "little", signed=True)

    def _string(self, longest=None):
        length = self._whole(4)
        if longest is not None and length > longest:
            raise ValueError(f"the name of a class has {length} bytes")
        return self._reader.read(length).decode("utf-8", errors="replace")


def modules(root, path):
    """Walks the layers of a network in the order in which they are applied.

    Containers (`nn.Sequential`, `nn.gModule` and whatever else has `modules`) are entered, nested
    ones too.

    Older forms come as newer ones. The kernel of a convolution has four axes [output, input, height,
    width], `SpatialConvolutionMM` is a `SpatialConvolution`, and a normalisation has `running_var`,
    not `running_std`.

    Arguments:
      root: the network, or a table with an entry `model` that is it; from `read_torch7`.
      path: its file, for messages.

    Yields:
      A `Torch7Object` a layer, whose fields hold `weight`, `bias` (absent where there is none) and
      its options.

    Raises:
      InputError: root is no network, or a layer's fields do not fit.
    """
    if isinstance(root, dict):
        root = root.get("model")
    if not isinstance(root, Torch7Object):
        raise InputError(f"{path} holds no network: neither a module of nn, nor a table with a `model` that is one.")
    pending, count = [root], 0
    while pending:
        module, count = pending.pop(), count + 1
        if not isinstance(module, Torch7Object) or module.fields is None:
            raise damaged(path, f"what should be module {count} of the network is none")
        inside = module.fields.get("modules")
        inside = [inside.get(number) for number in range(len(inside), 0, -1)] if isinstance(inside, dict) else None
        if count + len(pending) + len(inside or ()) > _MOST_MODULES:  # It may hold itself.
            raise damaged(path, f"a network of more than {_MOST_MODULES} modules")
        if inside is not None:
            pending.extend(inside)
            continue
        try:
            yield _modernised(module)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise damaged(path, f"the fields of module {count}, {module.class_name}, do not fit ({error})") from error


def _modernised(module):
    kind, fields = module.kind, dict(module.fields)
    if kind in _CONVOLUTIONS and fields["weight"].ndim == 2:
        shape = [int(fields[name]) for name in ("nOutputPlane", "nInputPlane", "kH", "kW")]
        fields["weight"] = fields["weight"].reshape(shape)
    if kind in _NORMALISATIONS and "running_std" in fields:  # 1 / sqrt(variance + eps), in spite of its name.
        deviation = fields.pop("running_std")
        with np.errstate(all="ignore"):  # What is not finite is found when weights are assigned.
            variance = deviation.astype(np.float64) ** -2 - fields.get("eps", 1e-5)
        fields["running_var"] = variance.astype(deviation.dtype)
    return Torch7Object("nn.SpatialConvolution" if kind == "SpatialConvolutionMM" else module.class_name, fields)
