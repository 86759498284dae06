import contextlib
import os
import pickle
import zipfile

import numpy as np
import pytest

from gated_inpaint import InputError
from gated_inpaint.files import torch_files
from gated_inpaint.files.torch_files import read_torch, state_dict

# torch_zip.pth and torch_legacy.pth were saved by PyTorch 2.13 from the same tensors (views, shared
# storages, all kinds of values), torch_expected.npz from their .numpy() (bfloat16 by way of
# float32).
FORMS = ["zip", "legacy"]


def literal(value):
    """Instructions that put a plain value on the stack."""
    return pickle.dumps(value, 2)[2:-1]


def program(instructions):
    return b"\x80\x02" + instructions + b"."


def storage(count, key="0", kind=b"FloatStorage", rest=b""):
    return b"(" + literal("storage") + b"ctorch\n" + kind + b"\n" + literal(key) + literal("cpu") + literal(count) + rest + b"tQ"


def tensor(shape=(2,), strides=(1,), begin=0, of=None, rest=b""):
    """Instructions for a tensor; of two float32 values unless told otherwise."""
    arguments = (storage(2) if of is None else of) + literal(begin) + literal(shape) + literal(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + literal(False) + literal(None) + rest + b"tR"


VALUES = np.array([1.5, -2], "<f4").tobytes()


def write(path, form, instructions, storages=(("0", VALUES, 2),)):
    """Writes a file with the pickle and the storages (key, bytes, number of values)."""
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("net/data.pkl", program(instructions))
            for key, data, _ in storages:
                archive.writestr(f"net/data/{key}", data)
    else:
        parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
        data = b"".join(program(literal(part)) for part in parts) + program(instructions)
        data += program(literal([key for key, _, _ in storages]))
        path.write_bytes(data + b"".join(count.to_bytes(8, "little") + raw for _, raw, count in storages))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_reads_what_pytorch_wrote(data, form):
    read = state_dict(data / f"weight_files/torch_{form}.pth")
    expected = np.load(data / "weight_files/torch_expected.npz")
    assert list(read) == expected.files
    for name, array in read.items():
        assert (array.dtype, array.shape) == (expected[name].dtype, expected[name].shape), name
        assert array.tobytes() == expected[name].tobytes(), name
        assert not array.flags.writeable, name
    assert np.shares_memory(read["shared"], read["part_of_shared"])


@pytest.mark.parametrize("form", FORMS)
def test_plain_values_come_as_saved(data, form):
    content = read_torch(data / f"weight_files/torch_{form}.pth")
    assert content["meta"] == {"epoch": 3, "rate": 1e-4, "names": ["a", ("b", None, True)], "large": -(2**40)}
    assert content["state_dict"]["module.bn.num_batches_tracked"] == 7


@pytest.mark.parametrize("form", FORMS)
def test_made_files_are_read(tmp_path, form):
    """The files that the tests below damage are whole without the damage."""
    assert read_torch(write(tmp_path / "a.pth", form, tensor())).tolist() == [1.5, -2]


def test_the_stride_of_a_side_of_one_means_nothing(tmp_path):
    path = write(tmp_path / "a.pth", "zip", tensor((1, 2), (2**62, 1)))
    assert read_torch(path).tolist() == [[1.5, -2]]


def test_booleans_are_nought_and_one(tmp_path):
    content = tensor(of=storage(2, kind=b"BoolStorage"))
    array = read_torch(write(tmp_path / "a.pth", "zip", content, [("0", b"\x00\x02", 2)]))
    assert array.dtype == bool and array.view("u1").tolist() == [0, 1]


def test_big_endian(data, tmp_path):
    source = data / "weight_files/torch_zip.pth"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(tmp_path / "big.pth", "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, b"big" if name.endswith("byteorder") else archive.read(name))
    little, big = state_dict(source), state_dict(tmp_path / "big.pth")
    for name in ("plain", "float64", "int16"):
        np.testing.assert_array_equal(big[name], little[name].byteswap())
    raw, swapped = little["bfloat16"].view("u4") >> 16, big["bfloat16"].view("u4") >> 16
    np.testing.assert_array_equal(swapped, raw.astype("u2").byteswap())


def test_part_of_a_storage_as_in_old_files(tmp_path):
    part = storage(2, rest=literal(("part", 1, 1)))
    assert read_torch(write(tmp_path / "a.pth", "legacy", tensor((1,), (1,), 0, part))).tolist() == [-2]


def test_checksums_may_be_left_out(tmp_path):
    """As torch.serialization.set_crc32_options(False) does."""
    path = write(tmp_path / "a.pth", "zip", tensor())
    data = path.read_bytes()
    for entry in zipfile.ZipFile(path).infolist():
        data = data.replace(entry.CRC.to_bytes(4, "little"), bytes(4))
    path.write_bytes(data)
    assert zipfile.ZipFile(path).testzip()
    assert read_torch(path).tolist() == [1.5, -2]


ORDERED = b"ccollections\nOrderedDict\n"


def dictionary(*pairs):
    return b"}" + b"".join(literal(name) + value + b"s" for name, value in pairs)


@pytest.mark.parametrize(
    "instructions, names",
    [
        (dictionary(("a.weight", tensor()), ("b.bias", tensor())), ["a.weight", "b.bias"]),
        (dictionary(("epoch", literal(3)), ("state_dict", dictionary(("a", tensor())))), ["a"]),
        (dictionary(("ema", dictionary(("b", tensor()))), ("state_dict", dictionary(("a", tensor())))), ["a"]),
        (dictionary(("epoch", literal(3)), ("model", dictionary(("a", tensor())))), ["a"]),
        (dictionary(("module.a", tensor()), ("module.b.num_batches_tracked", tensor())), ["a"]),
        (dictionary(("module.a", tensor()), ("b", tensor())), ["module.a", "b"]),
        (ORDERED + b"(](](" + literal("a") + tensor() + b"eetR", ["a"]),  # As Python 2 wrote it, from a list of pairs.
    ],
)
def test_state_dict_is_found(tmp_path, instructions, names):
    assert list(state_dict(write(tmp_path / "a.pth", "zip", instructions))) == names


@pytest.mark.parametrize(
    "instructions, message",
    [
        (tensor(), "no dictionary of weights but one ndarray"),
        (dictionary(("epoch", literal(3))), "holds none; its entries are epoch"),
        (b"}", "holds none; its entries are none"),
        (dictionary(("g", dictionary(("a", tensor()))), ("d", dictionary(("a", tensor())))), r"holds several \(g, d\)"),
        (dictionary(("state_dict", literal(3))), "holds none; its entries are state_dict"),
    ],
)
def test_no_state_dict(tmp_path, instructions, message):
    with pytest.raises(InputError, match=message):
        state_dict(write(tmp_path / "a.pth", "zip", instructions))


class Calls:
    """Pickles as a call of the function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def attacks(trace):
    """Pickles that create the file `trace` when Python's own pickle reads them."""
    touch, run = f"touch {trace}", literal((f"touch {trace}",)) + b"R"
    system = b"cposix\nsystem\n"
    return {
        "REDUCE": pickle.dumps(Calls(os.system, touch), 2),
        "inside a dictionary": pickle.dumps({"state_dict": Calls(eval, f"open({str(trace)!r}, 'w')")}, 2),
        "STACK_GLOBAL": pickle.dumps(Calls(os.system, touch), 4),
        "getattr": program(
            b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n" + literal(("os",)) + b"R" + literal("system") + b"tR" + run
        ),
        "name within a name": b"\x80\x04" + literal("shutil") + literal("os.system") + b"\x93" + run + b".",
        "after an allowed name": program(b"ccollections\nOrderedDict\n)R0" + system + run),
        "INST": program(b"(" + literal(touch) + b"iposix\nsystem\n"),
        "OBJ": program(b"(" + system + literal(touch) + b"o"),
        "BUILD": program(b"ccollections\nOrderedDict\n)R}" + literal("x") + system + run + b"sb"),
    }


@pytest.mark.skipif(os.name != "posix", reason="The attacks are written for POSIX.")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", attacks(""))
def test_attacks_are_refused_and_not_run(tmp_path, name, form):
    trace = tmp_path / "trace"
    attack = attacks(trace)[name]
    with contextlib.suppress(pickle.UnpicklingError, TypeError):  # Some fail after they have run.
        pickle.loads(attack)
    assert trace.exists()  # It is an attack.
    trace.unlink()
    path = write(tmp_path / "a.pth", form, attack[2:-1])
    with pytest.raises(InputError, match="so it is not read: if you trust it"):
        read_torch(path)
    assert not trace.exists()


def test_names_within_allowed_modules_are_refused(tmp_path):
    for name in (b"torch\nload", b"torch._utils\n_rebuild_tensor_v2.__globals__", b"torch\nFloatStorage.x", b"collections\nabc"):
        path = write(tmp_path / "a.pth", "zip", b"c" + name + b"\n")
        with pytest.raises(InputError, match="neither a tensor nor a plain value"):
            read_torch(path)


HUGE = 2**40


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "instructions, message",
    [
        (tensor(of=storage(HUGE)), "its tensors need more bytes than the"),
        (tensor(of=storage(-1)), "without kind, key or number"),
        (tensor(of=storage(3)), "has 8 bytes instead of 12|a storage of 2 values should have 3"),
        (tensor((1,), of=storage(1, kind=b"LongStorage")) + tensor(), "declared in two ways"),
        (tensor((HUGE,), (0,)), "negative or larger than the file"),
        (tensor((HUGE, 0), (0, 0)), "negative or larger than the file"),
        (tensor((100, 100), (0, 0)), "negative or larger than the file"),
        (tensor((3,), (1,)), r"shape \[3\] reaches outside"),
        (tensor((2,), (1,), 1), "reaches outside"),
        (tensor((2,), (HUGE,)), "reaches outside"),
        (tensor((2,), (-1,), 1), "negative or larger"),
        (tensor((2,), (1,), -1), "no offset"),
        (tensor((2,), (1, 1)), "do not fit"),
        (tensor((1,) * 33, (1,) * 33), "do not fit"),
        (tensor(("a",), (1,)), "negative or larger"),
        (tensor(of=storage(2, rest=literal(("part", 1, 2)))), "lies outside"),
        (tensor(rest=literal({"neg": True})), "yet to be negated or conjugated"),
        (literal(("storage", "torch.FloatStorage", "0", "cpu", 2)) + b"Q", "without kind, key or number"),
        (literal(("module", None, "0", "cpu", 2)) + b"Q", "is no storage"),
        (literal("os.system") + b"Q", "is no storage"),
        (b"Pposix.system\n", "PERSID"),
        (ORDERED + literal((1,)) + b"R", "cannot be called"),
        (ORDERED + literal(([["a", 1], ["b"]],)) + b"R", "not enough values"),
        (ORDERED + literal(([[(), 1]],)) + b"R", "a key which is a tuple"),
        (literal("f") + literal(()) + b"R", "cannot be called"),
        (b"N)b", "a dict is changed, and there is none"),
        (b"Na", "makes no sense"),
        (b")Na", "a list is changed, and there is none"),
        (b"}))s", "a key which is a tuple"),
        (b"h\x07", "makes no sense"),
        (b"t", "makes no sense"),
        (b"", "makes no sense"),
        (b"\x8d" + (2**62).to_bytes(8, "little"), "bytes should follow"),
        (b"I" + b"9" * 5000 + b"\n", "no newline found"),
    ],
)
def test_impossible_content_is_refused(tmp_path, instructions, message, form):
    path = write(tmp_path / "a.pth", form, instructions)
    with pytest.raises(InputError, match=message) as error:
        read_torch(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_memory_of_the_machine_is_not_made_in_advance(tmp_path):
    """Python's own machine makes as many places as the largest number says: 32 GB here."""
    put = b"Nr" + (2**31 - 1).to_bytes(4, "little")
    assert read_torch(write(tmp_path / "a.pth", "zip", put)) is None


def test_content_that_holds_itself(tmp_path):
    content = read_torch(write(tmp_path / "a.pth", "zip", b"]q\x00h\x00a"))
    assert content[0] is content


def test_storages_together_are_no_larger_than_the_file(tmp_path):
    path = write(tmp_path / "a.pth", "legacy", b"".join(tensor(of=storage(70, key)) for key in "ab"))
    assert 70 * 4 < path.stat().st_size < 2 * 70 * 4
    with pytest.raises(InputError, match="its tensors need more bytes than"):
        read_torch(path)


@pytest.mark.parametrize(
    "storages, message",
    [
        ([], "the list of storages is not that of the tensors"),
        ([("1", VALUES, 2)], "the list of storages is not that of the tensors"),
        ([(0, VALUES, 2)], "the list of storages is not that of the tensors"),
        ([([], VALUES, 2)], "the list of storages is not that of the tensors"),
        ([("0", VALUES, 2), ("1", VALUES, 2)], "the list of storages is not that of the tensors"),
        ([("0", VALUES, 3)], "a storage of 3 values should have 2"),
        ([("0", VALUES[:-1], 2)], "8 bytes should follow"),
    ],
)
def test_legacy_files_with_other_storages(tmp_path, storages, message):
    with pytest.raises(InputError, match=message):
        read_torch(write(tmp_path / "a.pth", "legacy", tensor(), storages))


@pytest.mark.parametrize("first", ["text", tensor()])
def test_legacy_files_with_another_beginning(tmp_path, first):
    magic = literal(0x1950A86A20F9469CFC6C)
    path = write(tmp_path / "a.pth", "legacy", tensor())
    instructions = first if isinstance(first, bytes) else literal(first)
    path.write_bytes(path.read_bytes().replace(magic, magic + instructions, 1))
    with pytest.raises(InputError, match="not of the form 1001"):
        read_torch(path)


def test_too_many_instructions(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_files, "_MOST_INSTRUCTIONS", 100)
    with pytest.raises(InputError, match="too many for weights"):
        read_torch(write(tmp_path / "a.pth", "zip", b"}" * 100))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "begins with nothing"),
        (b"hello", "is no PyTorch file: it begins with 68 65 6c 6c"),
        (pickle.dumps({"a": 1}, 2), "is no PyTorch file: it begins with 80 02 7d 71"),
        (b"PK\x03\x04" + bytes(100), "its zip archive is not whole"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_torch(path)


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"a/data.pkl": b"\x80\x02N.", "b/data.pkl": b"\x80\x02N."}, "holds 2 entries data.pkl"),
        ({"arr_0.npy": b""}, "holds 0 entries data.pkl"),
        ({"a/data.pkl": b"\x80\x02N.", "a/constants.pkl": b""}, "is a TorchScript program"),
        ({"a/data.pkl": program(tensor())}, "has no entry 'a/data/0'"),
        ({"a/data.pkl": b"\x80\x02N.", "a/byteorder": b"middle"}, "neither little nor big"),
    ],
)
def test_other_archives_are_refused(tmp_path, entries, message):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=message):
        read_torch(path)


def test_compressed_archives_are_refused(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(10**7))
    with pytest.raises(InputError, match="is compressed, which PyTorch never does: pack it again with zip -0"):
        read_torch(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="There is no weights file"):
        read_torch(tmp_path / "a.pth")
    with pytest.raises(InputError, match="Cannot read the weights file"):
        read_torch(tmp_path)
