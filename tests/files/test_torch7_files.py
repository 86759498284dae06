import hashlib
import struct

import numpy as np
import pytest

from gated_inpaint import InputError
from gated_inpaint.files import torch7_files
from gated_inpaint.files.torch7_files import Torch7Object, modules, read_torch7

# SHA-256 of the arrays from which context_encoder_inpaintCenter.t7 was made, in the network's
# order, without variances: the file holds those as running_std, from which they come back within
# rounding.
CONTEXT_ENCODER = "30d8588a62f3be84e742da937d30f55a5d93cea7f4968696aa27f7bc64292ed6"
FIRST_VARIANCE = np.float32([1.7563059, 1.3407547, 0.6400183, 1.3609738])


def test_context_encoder_holds_the_arrays_it_was_made_from(data):
    path = data / "weight_files/context_encoder_inpaintCenter.t7"
    layers = list(modules(read_torch7(path), path))
    arrays = []
    for layer in layers:
        if layer.kind.endswith("Convolution"):
            arrays.append(layer.fields["weight"])
            assert not layer.fields["bias"].any()
        if layer.kind == "SpatialBatchNormalization":
            arrays += [layer.fields[name] for name in ("weight", "bias", "running_mean")]
            assert "running_std" not in layer.fields
    assert hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest() == CONTEXT_ENCODER
    assert [layer.kind for layer in layers[:4]] == [
        *("SpatialConvolution", "LeakyReLU", "SpatialConvolution", "SpatialBatchNormalization"),
    ]
    assert layers[0].fields["weight"].shape == (4, 3, 4, 4)  # Two axes in the file.
    assert layers[1].fields["negval"] == 0.2
    np.testing.assert_allclose(layers[3].fields["running_var"], FIRST_VARIANCE, rtol=2e-7)
    assert layers[-1].kind == "Tanh"


class Function:
    """A Lua function with the value of what it keeps."""

    def __init__(self, kept, kind=8):
        self.kept, self.kind = kept, kind


class Writer:
    """Writes values in Torch's binary form; what comes again, by reference."""

    def __init__(self):
        self.data, self.seen, self.storages = b"", [], {}

    def integers(self, *values, form="i"):
        self.data += struct.pack(f"<{len(values)}{form}", *values)

    def text(self, text):
        self.integers(len(text))
        self.data += text.encode()

    def is_new(self, value):
        index = next((i for i, seen in enumerate(self.seen) if seen is value), None)
        self.integers(len(self.seen) + 1 if index is None else index + 1)
        self.seen += [value] if index is None else []
        return index is None

    def write(self, value):
        if value is None:
            self.integers(0)
        elif isinstance(value, bool):
            self.integers(5, value)
        elif isinstance(value, (int, float)):
            self.integers(1)
            self.data += struct.pack("<d", value)
        elif isinstance(value, str):
            self.integers(2)
            self.text(value)
        elif isinstance(value, dict):
            self.integers(3)
            if self.is_new(value):
                self.integers(len(value))
                for entry in (part for pair in value.items() for part in pair):
                    self.write(entry)
        elif isinstance(value, Function):
            self.integers(value.kind)
            if value.kind == 6 or self.is_new(value):
                self.text("code")
                self.write(value.kept)
        elif isinstance(value, np.ndarray):
            self.integers(4)
            if self.is_new(value):
                storage = value if value.base is None else value.base
                begin = (value.ctypes.data - storage.ctypes.data) // value.itemsize
                self.text("V 1")
                self.text(f"torch.{self.kind(value)}Tensor")
                self.integers(value.ndim)
                self.integers(*value.shape, *(stride // value.itemsize for stride in value.strides), begin + 1, form="q")
                self.integers(4)
                if self.is_new(self.storages.setdefault(id(storage), object())):
                    self.text("V 1")
                    self.text(f"torch.{self.kind(value)}Storage")
                    self.integers(storage.size, form="q")
                    self.data += storage.tobytes()
        else:
            self.integers(4)
            if self.is_new(value):
                self.text("V 1")
                self.text(value.class_name)
                self.write(value.fields)
        return self

    @staticmethod
    def kind(array):
        return {"f4": "Float", "f8": "Double", "i8": "Long", "u1": "Byte"}[array.dtype.str[1:]]


def write(path, value):
    path.write_bytes(Writer().write(value).data)
    return path


def numbers(*shape, dtype="f4"):
    return np.random.default_rng(0).uniform(1, 9, shape).astype(dtype)


class HashableTable(dict):
    """A table as the key of a table, as graphs of modules have."""

    __hash__ = object.__hash__


def test_values(tmp_path):
    value = {1: 2.5, "a": "text", "yes": True, 3: None, "inner": {"x": -1}, 2.5: "half"}
    read = read_torch7(write(tmp_path / "a.t7", value))
    assert read == value
    assert [type(key) for key in read] == [type(key) for key in value]


def test_keys_that_are_neither_text_nor_numbers_are_left_out(tmp_path):
    value = {HashableTable(): 1, 1: "one", HashableTable(a=3): 2, "b": "text"}
    assert read_torch7(write(tmp_path / "a.t7", value)) == {1: "one", "b": "text"}
    assert read_torch7(write(tmp_path / "a.t7", {True: "yes", 2: "two"})) == {2: "two"}


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_tensors(tmp_path, dtype):
    whole = numbers(4, 6, dtype=dtype)
    flat = whole.ravel()
    value = {"whole": whole, "turned": flat.reshape(4, 6).T, "part": flat[3:9].reshape(2, 3), "flat": flat, "again": whole}
    read = read_torch7(write(tmp_path / "a.t7", value))
    for name, array in value.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype and not read[name].flags.writeable
    assert np.shares_memory(read["turned"], read["part"]) and read["whole"] is read["again"]


def test_empty_tensors(tmp_path):
    header = Writer()
    header.integers(4, 1)
    header.text("V 1")
    header.text("torch.FloatTensor")
    header.integers(0)
    header.integers(1, form="q")
    header.write(None)
    (tmp_path / "a.t7").write_bytes(header.data)
    read = read_torch7(tmp_path / "a.t7")
    assert read.shape == (0,) and read.dtype == np.float32 and not read.flags.writeable


@pytest.mark.parametrize("kind", [6, 7, 8])
def test_functions_are_skipped(tmp_path, kind):
    value = {1: Function({"kept": 3}, kind), 2: "after", 3: Function(None, kind)}
    assert read_torch7(write(tmp_path / "a.t7", value)) == {1: None, 2: "after", 3: None}


def test_tables_that_hold_themselves(tmp_path):
    value = {"name": "outer"}
    value["self"] = value
    read = read_torch7(write(tmp_path / "a.t7", value))
    assert read["self"] is read


def nested_tables(depth):
    one = struct.pack("<id", 1, 1)
    return b"".join(struct.pack("<iii", 3, index, 1) + one for index in range(depth)) + struct.pack("<i", 0)


def test_graphs_deeper_than_pythons_stack(tmp_path):
    (tmp_path / "a.t7").write_bytes(nested_tables(3000))
    read = read_torch7(tmp_path / "a.t7")
    for _ in range(3000):
        read = read[1]
    assert read is None


def layer(name, **fields):
    return Torch7Object(name, fields)


def container(name, *inside):
    return Torch7Object(name, {"modules": dict(enumerate(inside, 1)), "train": False})


def test_modules_are_walked_in_order(tmp_path):
    inner = container("nn.gModule", layer("cudnn.Tanh"), container("nn.Sequential", layer("nn.ELU", alpha=1)))
    root = container("nn.Sequential", layer("nn.ReLU"), inner, layer("inn.Other"))
    for value in (root, {"model": root, "mean": numbers(3)}):
        path = write(tmp_path / "a.t7", value)
        walked = list(modules(read_torch7(path), path))
        assert [module.kind for module in walked] == ["ReLU", "Tanh", "ELU", "inn.Other"]
    assert walked[2].fields == {"alpha": 1}


def test_older_forms_come_as_newer_ones(tmp_path):
    kernel, variance = numbers(5, 2, 3, 4), numbers(5, dtype="f8")
    planes = {"nOutputPlane": 5, "nInputPlane": 2, "kH": 3, "kW": 4}
    flat = np.array(kernel.reshape(5, 24))
    root = container(
        "nn.Sequential",
        layer("nn.SpatialConvolutionMM", weight=flat, **planes),
        layer("nn.SpatialConvolution", weight=kernel, **planes),
        layer("nn.SpatialBatchNormalization", running_std=(variance + 0.01) ** -0.5, eps=0.01),
        layer("nn.BatchNormalization", running_std=(variance + 1e-5) ** -0.5),
        layer("nn.SpatialBatchNormalization", running_var=variance, eps=0.01),
        layer("nn.Linear", weight=flat),
    )
    path = write(tmp_path / "a.t7", root)
    first, second, *norms, linear = modules(read_torch7(path), path)
    for convolution in (first, second):
        assert convolution.kind == "SpatialConvolution"
        np.testing.assert_array_equal(convolution.fields["weight"], kernel)
    for norm in norms:
        np.testing.assert_allclose(norm.fields["running_var"], variance, rtol=1e-12)
        assert "running_std" not in norm.fields
    assert linear.fields["weight"].shape == (5, 24)


LOOP = container("nn.Sequential")
LOOP.fields["modules"] = {1: LOOP}
DOUBLING = layer("nn.ReLU")
for _ in range(40):
    DOUBLING = container("nn.Sequential", DOUBLING, DOUBLING)


@pytest.mark.parametrize(
    "root, message",
    [
        ({"a": 1.0}, "holds no network"),
        ("text", "holds no network"),
        (LOOP, "more than 10000 modules"),
        (DOUBLING, "more than 10000 modules"),
        (container("nn.Sequential", "text"), "what should be module 2 of the network is none"),
        (Torch7Object("nn.Sequential", {"modules": {2: LOOP}}), "what should be module 2 of the network is none"),
        (container("nn.Sequential", layer("nn.SpatialConvolution")), "the fields of module 2, nn.SpatialConvolution, do not fit"),
        (layer("nn.SpatialConvolution", weight="text"), "do not fit"),
        (layer("nn.SpatialConvolution", weight=numbers(2, 3), nOutputPlane=2, nInputPlane=2, kH=1, kW=1), "do not fit"),
        (layer("nn.SpatialBatchNormalization", running_std="text"), "do not fit"),
        (layer("nn.SpatialBatchNormalization", running_std=numbers(2), eps="text"), "do not fit"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path, root, message):
    path = write(tmp_path / "a.t7", root)
    with pytest.raises(InputError, match=message) as error:
        list(modules(read_torch7(path), path))
    assert str(path) in str(error.value)


def parts(*values):
    """int32 for an integer, int64 for one in a list, length and bytes for text."""
    writer = Writer()
    for value in values:
        if isinstance(value, str):
            writer.text(value)
        elif isinstance(value, list):
            writer.integers(*value, form="q")
        else:
            writer.integers(value)
    return writer.data


HUGE = 2**40
STORAGE = (4, 2, "V 1", "torch.FloatStorage", [2], 0, 0)  # Two float32 values: zeros.


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "begins with nothing"),
        (b"\x80\x02}q", "is no binary Torch7 file: it begins with 80 02 7d 71"),
        (b"4\n1\n3\nV 1\n", "in text form"),
        (parts(3, 1, 2**31 - 1), "bytes should follow"),
        (parts(3, 1, -1), "bytes should follow"),
        (parts(3, 1, 1, 9), "more bytes|bytes should follow"),
        (parts(2, 2**31 - 1), "bytes should follow"),
        (parts(2, -1), "bytes should follow"),
        (parts(3, 1, 1, 9, 0), "unknown type 9"),
        (parts(8, 1, 2**31 - 1), "bytes should follow"),
        (parts(4, 1, "V 1", "os.execute", 3, 2, 0), "an object of class 'os.execute', which is not known here"),
        (parts(4, 1, "V 1", "tds.Hash", 0), "tds.Hash"),
        (parts(4, 1, "V 1", "n" * 200, 0), "the name of a class has 200 bytes"),
        (parts(4, 1, "V 1", "nn.ReLU", 0), "nn.ReLU without fields"),
        (parts(4, 1, "V 1", "torch.FloatStorage", [HUGE]), "bytes should follow"),
        (parts(4, 1, "V 1", "torch.FloatStorage", [-1]), "bytes should follow"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 2**31 - 1), "bytes should follow"),
        (parts(4, 1, "V 1", "torch.FloatTensor", -1, [1]), "bytes should follow"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [3, 1, 1], *STORAGE), "reaches outside"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [2, 1, 2], *STORAGE), "reaches outside"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [2, 1, 0], *STORAGE), "no offset"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [HUGE, 0, 1], *STORAGE), "larger than the file"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [2, -1, 2], *STORAGE), "negative"),
        (parts(4, 1, "V 1", "torch.FloatTensor", 1, [2, 1, 1], 2, "text"), "no storage"),
        (nested_tables(10_001), "deeper than 10000"),
    ],
)
def test_impossible_content_is_refused(tmp_path, data, message):
    path = tmp_path / "a.t7"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as error:
        read_torch7(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_too_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr(torch7_files, "_MOST_VALUES", 100)
    with pytest.raises(InputError, match="more than 100 values"):
        read_torch7(write(tmp_path / "a.t7", dict.fromkeys(range(60))))


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="There is no weights file"):
        read_torch7(tmp_path / "a.t7")
