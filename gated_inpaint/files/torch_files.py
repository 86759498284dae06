"""Reads PyTorch's weight files (.pth, .pt) without PyTorch; nothing that a file holds is run.

A PyTorch file is a pickle: a program for a small stack machine, which in Python's own `pickle` may
call anything. Here a machine of our own reads it, which has no instruction that imports or calls: a
few names (`OrderedDict`, the function that puts a tensor together, the kinds of storage) stand for
what this module does itself, and every other name and instruction is refused.

Both forms are read: the zip archive of PyTorch 1.6 and later, and the row of pickles with raw data
that came before. Tensors come as NumPy arrays which must not be written to (those that share a
storage in the file share memory here); bfloat16, which NumPy lacks, as float32.
"""

import io
import pickletools
import struct
import zipfile

import numpy as np

from gated_inpaint.errors import InputError
from gated_inpaint.files.bounded_reader import BoundedReader, damaged, is_count, open_for_reading, strided_view

_LEGACY_MAGIC, _LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_ZIP_BEGINS, _PICKLE_BEGINS = b"PK\x03\x04", b"\x80"

_MOST_INSTRUCTIONS = 2_000_000  # A tensor takes about 30.

# The values of each kind of storage.
_BFLOAT16 = "bfloat16"
_STORAGES = {
    "torch.FloatStorage": "f4",
    "torch.DoubleStorage": "f8",
    "torch.HalfStorage": "f2",
    "torch.BFloat16Storage": _BFLOAT16,
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
    "torch.ComplexFloatStorage": "c8",
    "torch.ComplexDoubleStorage": "c16",
    "torch.UntypedStorage": "u1",
    "torch.storage.UntypedStorage": "u1",
}
_ORDERED_DICT = "collections.OrderedDict"
_REBUILD_TENSOR = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_REBUILD_PARAMETER = "torch._utils._rebuild_parameter"
_ALLOWED = {_ORDERED_DICT, *_REBUILD_TENSOR, _REBUILD_PARAMETER, *_STORAGES}

# Instructions that put their argument, or a constant, on the stack.
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}

_SAVE_ANEW = "if you trust it, load it in PyTorch and save its state_dict() alone"


def read_torch(path):
    """Reads a PyTorch file.

    Returns:
      What was saved: dictionaries, lists, tuples, strings, numbers, and tensors as read-only NumPy
        arrays.

    Raises:
      InputError: the file is missing, no PyTorch file, damaged, or holds more than tensors and
        plain values.
    """
    with open_for_reading(path) as file:
        reader = BoundedReader(file, path)
        begins = file.read(32)
        file.seek(0)
        if begins.startswith(_ZIP_BEGINS):
            return _read_zip(file, reader)
        if begins.startswith(_PICKLE_BEGINS) and _LEGACY_MAGIC.to_bytes(10, "little") in begins:
            return _read_legacy(reader)
    raise InputError(
        f"{path} is no PyTorch file: it begins with {begins[:4].hex(' ') or 'nothing'}, neither as a zip archive nor as files "
        "of PyTorch before 1.6 do."
    )


def state_dict(path):
    """Reads the weights of one network from a PyTorch file.

    They are the whole file, or its entry `state_dict`, or else its only entry that is a dictionary
    of tensors. The prefix `module.`, left by `DataParallel`, is taken off, and
    `num_batches_tracked` of batch normalisation left out.

    Returns:
      {name: read-only array}, in the file's order.

    Raises:
      InputError: as `read_torch`; or the file holds no such dictionary, or several.
    """
    content = read_torch(path)
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no dictionary of weights but one {type(content).__name__}: save a model's state_dict().")
    if "state_dict" in content:
        content = {"state_dict": content["state_dict"]}
    if not _is_state_dict(content):
        found = [name for name, value in content.items() if _is_state_dict(value)]
        if len(found) != 1:
            of_these = f"several ({_listing(found)})" if found else f"none; its entries are {_listing(content) or 'none'}"
            raise InputError(f"{path} should hold one dictionary of weights, and holds {of_these}: save one model's state_dict().")
        content = content[found[0]]
    prefix = "module." if all(name.startswith("module.") for name in content) else ""
    return {name[len(prefix) :]: array for name, array in content.items() if name.rpartition(".")[2] != "num_batches_tracked"}


def _is_state_dict(value):
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(name, str) and isinstance(entry, np.ndarray) for name, entry in value.items())
    )


def _listing(names):
    names = [" ".join(str(name)[:40].split()) for name in names]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _read_zip(file, reader):
    path = reader.path
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            pickles = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise InputError(
                    f"{path} is a zip archive, but no PyTorch file: it holds {len(pickles)} entries data.pkl, not one."
                )
            root = pickles[0][: -len("data.pkl")]
            if f"{root}constants.pkl" in entries:
                raise InputError(
                    f"{path} is a TorchScript program, which is not read: save the model's state_dict() with torch.save."
                )

            def content(name):
                if name not in entries:
                    raise damaged(path, f"the archive has no entry {name[:100]!r}")
                entry = entries[name]
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                    raise InputError(
                        f"{path}: its entry {name[:100]!r} is compressed, which PyTorch never does: pack it again with zip -0."
                    )
                if entry.file_size > reader.size:
                    raise damaged(path, f"entry {name[:100]!r} of {entry.file_size} bytes in a file of {reader.size}")
                # PyTorch can leave the checksum out (set_crc32_options). None is not compared.
                entry.CRC = entry.CRC or None
                return archive.read(entry)

            byte_order = content(f"{root}byteorder") if f"{root}byteorder" in entries else b"little"
            if byte_order not in (b"little", b"big"):
                raise damaged(path, "its byte order is neither little nor big")

            def load(storage):
                storage.fill(content(f"{root}data/{storage.key}"), ">" if byte_order == b"big" else "<")

            storages = _Storages(reader.size, load)
            return _run(BoundedReader(io.BytesIO(content(pickles[0])), path), storages)
    except InputError:
        raise
    # What zipfile raises for damaged archives; for encrypted ones RuntimeError.
    except (zipfile.BadZipFile, struct.error, EOFError, LookupError, OSError, OverflowError, RuntimeError, ValueError) as error:
        raise damaged(path, f"its zip archive is not whole ({error})") from error


def _read_legacy(reader):
    storages = _Storages(reader.size)
    magic, protocol, _ = (_run(reader, storages) for _ in range(3))
    if not (is_count(magic) and is_count(protocol)) or (magic, protocol) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL):
        raise damaged(reader.path, f"it is not of the form {_LEGACY_PROTOCOL} of PyTorch files")
    content = _run(reader, storages)
    keys = _run(reader, storages)
    if not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)) or set(keys) != set(storages.by_key):
        raise damaged(reader.path, "the list of storages is not that of the tensors")
    for key in keys:
        storage = storages.by_key[key]
        count = int(reader.read_array("<i8", 1)[0])
        if count != storage.count:
            raise damaged(reader.path, f"a storage of {count} values should have {storage.count}")
        storage.fill(reader.read(storage.bytes), "<")  # Little-endian, whatever machine wrote it.
    return content


class _Name:
    """What stands on the machine's stack for an allowed Python name."""

    def __init__(self, name):
        self.name = name


class _Storage:
    """Values that tensors view.

    The memory is there before the values are: a legacy file has them at its end.
    """

    def __init__(self, key, kind, count):
        self.key, self.kind, self.count = key, kind, count
        self._dtype = _STORAGES[kind]
        self._values = np.zeros(count, "f4" if self._dtype == _BFLOAT16 else self._dtype)
        self.bytes = count * _width(kind)
        self.array = self._values.view()
        self.array.flags.writeable = False

    def fill(self, data, byte_order):
        """Puts raw bytes in place; ValueError if they are more or fewer."""
        if len(data) != self.bytes:
            raise ValueError(f"storage {self.key[:40]} has {len(data)} bytes instead of {self.bytes}")
        if self._dtype == _BFLOAT16:  # The upper half of a float32.
            self._values.view("u4")[:] = np.frombuffer(data, byte_order + "u2").astype("u4") << 16
        elif self._dtype == "?":
            self._values[:] = np.frombuffer(data, "u1") != 0
        else:
            self._values[:] = np.frombuffer(data, np.dtype(self._dtype).newbyteorder(byte_order))


def _width(kind):
    """Bytes of a value in the file."""
    return 2 if _STORAGES[kind] == _BFLOAT16 else np.dtype(_STORAGES[kind]).itemsize


class _Storages:
    """The storages that a file's pickle names, by key.

    Arguments:
      size: bytes of the file; all storages together cannot have more.
      load: called with each new storage to fill it; None if they are filled later.
    """

    def __init__(self, size, load=None):
        self.by_key, self.size = {}, size
        self._left, self._load = size, load

    def get(self, identity):
        """The array of a persistent id; ValueError if that is no storage, or cannot be in the file."""
        if not (isinstance(identity, tuple) and len(identity) in (5, 6) and identity[0] == "storage"):
            raise ValueError("a reference to data outside of the pickle is no storage")
        _, name, key, _, count, *view = identity
        kind = name.name if isinstance(name, _Name) else None
        if kind not in _STORAGES or not isinstance(key, str) or not is_count(count):
            raise ValueError("a storage without kind, key or number of values")
        known = self.by_key.get(key)
        if known is None:
            if count * _width(kind) > self._left:
                raise ValueError(f"its tensors need more bytes than the {self.size} of the file")
            self._left -= count * _width(kind)
            known = self.by_key[key] = _Storage(key, kind, count)
            if self._load:
                self._load(known)
        if (known.kind, known.count) != (kind, count):
            raise ValueError(f"storage {key[:40]} is declared in two ways")
        if view and view[0] is not None:  # Old files: a part of a storage, as (key, begin, count).
            _, begin, part = view[0]
            if not (is_count(begin) and is_count(part) and begin + part <= count):
                raise ValueError(f"a part of storage {key[:40]} lies outside of it")
            return known.array[begin : begin + part]
        return known.array


def _run(reader, storages):
    """Runs one pickle on a machine that can only put values together; what it made."""
    try:
        return _Machine(reader, storages).run()
    except InputError:
        raise
    # An empty stack, a value that is missing in the memory: never in what PyTorch wrote.
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        what = str(error) if isinstance(error, ValueError) else "its pickle makes no sense"
        raise damaged(reader.path, what) from error


class _Machine:
    """The stack machine of pickles, with the instructions that plain values and tensors take."""

    def __init__(self, reader, storages):
        self._reader, self._storages = reader, storages
        self._stack, self._marks, self._memory = [], [], {}

    def run(self):
        instructions = pickletools.genops(self._reader)
        for _, (instruction, argument, _) in zip(range(_MOST_INSTRUCTIONS), instructions):
            name = instruction.name
            if name == "STOP":
                return self._stack.pop()
            if name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name])
            elif name in _LITERALS:
                self._stack.append(argument)
            elif name in ("BINGET", "LONG_BINGET"):
                self._stack.append(self._memory[argument])
            elif name in ("BINPUT", "LONG_BINPUT"):
                self._memory[argument] = self._stack[-1]
            elif name == "MEMOIZE":
                self._memory[len(self._memory)] = self._stack[-1]
            elif name == "MARK":
                self._marks.append(len(self._stack))
            elif name == "EMPTY_DICT":
                self._stack.append({})
            elif name == "EMPTY_LIST":
                self._stack.append([])
            elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
                self._stack.append(tuple(reversed([self._stack.pop() for _ in range(int(name[-1]))])))
            elif name == "TUPLE":
                self._stack.append(tuple(self._pop_to_mark()))
            elif name in ("APPEND", "APPENDS"):
                values = self._pop_to_mark() if name == "APPENDS" else [self._stack.pop()]
                self._top(list).extend(values)
            elif name in ("SETITEM", "SETITEMS"):
                pairs = self._pop_to_mark() if name == "SETITEMS" else [self._stack.pop(), self._stack.pop()][::-1]
                self._set_items(pairs)
            elif name == "GLOBAL":
                self._stack.append(self._named(argument.replace(" ", ".", 1)))
            elif name == "STACK_GLOBAL":
                attribute, module = self._stack.pop(), self._stack.pop()
                self._stack.append(self._named(f"{module}.{attribute}"))
            elif name == "BINPERSID":
                self._stack.append(self._storages.get(self._stack.pop()))
            elif name == "REDUCE":
                arguments, function = self._stack.pop(), self._stack.pop()
                self._stack.append(self._reduce(function, arguments))
            elif name == "BUILD":  # Attributes of a dictionary, such as the versions of a state dict: of no use here.
                self._stack.pop()
                self._top(dict)
            elif name not in ("PROTO", "FRAME"):
                raise InputError(
                    f"{self._reader.path} holds an instruction ({name}) that tensors and plain values do not need, so it is not "
                    f"read: {_SAVE_ANEW}."
                )
        raise InputError(
            f"{self._reader.path} holds more than {_MOST_INSTRUCTIONS} instructions, too many for weights: {_SAVE_ANEW}."
        )

    def _pop_to_mark(self):
        begin = self._marks.pop()
        values = self._stack[begin:]
        del self._stack[begin:]
        return values

    def _top(self, kind):
        if not isinstance(self._stack[-1], kind):
            raise ValueError(f"a {kind.__name__} is changed, and there is none")
        return self._stack[-1]

    def _set_items(self, pairs):
        self._put(self._top(dict), zip(pairs[::2], pairs[1::2]))

    def _put(self, target, items):
        for key, value in items:
            # Whatever else Python could look up may take for ever to look up.
            if not (isinstance(key, str) or (isinstance(key, int) and abs(key) < 2**63)):
                raise ValueError(f"a dictionary has a key which is a {type(key).__name__}")
            target[key] = value

    def _named(self, name):
        if name not in _ALLOWED:
            raise InputError(
                f"{self._reader.path} holds {name[:100]!r}, which is neither a tensor nor a plain value, so it is not read: "
                f"{_SAVE_ANEW}."
            )
        return _Name(name)

    def _reduce(self, function, arguments):
        name = function.name if isinstance(function, _Name) else None
        if name == _ORDERED_DICT and arguments == ():
            return {}
        if name == _ORDERED_DICT and len(arguments) == 1 and isinstance(arguments[0], list):  # Python 2 wrote [[key, value], ...].
            made = {}
            self._put(made, arguments[0])
            return made
        if name == _REBUILD_PARAMETER:
            return arguments[0]
        if name in _REBUILD_TENSOR:
            storage, begin, shape, strides, *_ = arguments
            if arguments[6:] not in ((), (None,), ({},)):  # {"neg": True}: the values of a view that PyTorch negates when asked.
                raise InputError(
                    f"{self._reader.path} holds a tensor that is yet to be negated or conjugated: in PyTorch, save "
                    "tensor.resolve_neg().resolve_conj()."
                )
            return strided_view(storage, begin, shape, strides, self._storages.size)
        raise ValueError("a value is called that cannot be called")
