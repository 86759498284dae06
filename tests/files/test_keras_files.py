import hashlib

import h5py
import numpy as np
import pytest

from gated_inpaint import InputError
from gated_inpaint.files.keras_files import read_keras_h5

# SHA-256 of the arrays from which vgg19_small_notop.h5 was made: of each layer, bias then kernel.
VGG = "cbd9f2c2e95a643df3719ba3f015edf9b91d867ef6ab76252394496a1c7e331b"

KERNEL, BIAS = np.random.default_rng(0).normal(size=(2, 3, 3, 4, 5)).astype("f4"), np.arange(5, dtype="f4")


def test_vgg_holds_the_arrays_it_was_made_from(data):
    layers = read_keras_h5(data / "weight_files/vgg19_small_notop.h5")
    assert list(layers)[:3] == ["block1_conv1", "block1_conv2", "block2_conv1"] and len(layers) == 10
    arrays = [layer[name] for layer in layers.values() for name in ("bias", "kernel")]
    assert hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest() == VGG


def write(path, fill, root=""):
    """A file whose layers the function fills in."""
    with h5py.File(path, "w") as file:
        group = file.create_group(root) if root else file
        group.attrs["layer_names"] = np.array([b"a", b"b"])
        fill(group)
    return path


@pytest.mark.parametrize("root", ["", "model_weights"])
@pytest.mark.parametrize("names", [("a/a_W_1:0", "a/a_b_1:0"), ("a/a/kernel:0", "a/a/bias:0")])
def test_forms_of_keras_1_and_2(tmp_path, names, root):
    def fill(group):
        group[names[0]], group[names[1]], group["b/b/kernel:0"] = KERNEL[0], BIAS, KERNEL[1]
        group.create_group("input_1")

    layers = read_keras_h5(write(tmp_path / "a.h5", fill, root))
    assert {layer: set(arrays) for layer, arrays in layers.items()} == {"a": {"kernel", "bias"}, "b": {"kernel"}}
    np.testing.assert_array_equal(layers["a"]["kernel"], KERNEL[0])
    np.testing.assert_array_equal(layers["a"]["bias"], BIAS)
    np.testing.assert_array_equal(layers["b"]["kernel"], KERNEL[1])


def two_kernels(group):
    group["a/x"] = group["a/y"] = KERNEL[0]


def bias_alone(group):
    group["a/x"] = BIAS


def whole_numbers(group):
    group["a/x"] = np.zeros((3, 3), int)


def objects(group):
    group.create_dataset("a/x", data=["text"], dtype=h5py.string_dtype())


def compressed(group):
    group.create_dataset("a/x", data=np.zeros((1000, 1000), "f4"), compression="gzip")


def never_written(group):
    group.create_dataset("a/x", (2**20, 2**20), "f4")


def other_file(group):
    group["a"] = h5py.ExternalLink("other.h5", "/a")


def soft_link(group):
    group["b/x"] = KERNEL[0]
    group["a"] = h5py.SoftLink("/b")


def raw_file(group):
    group.create_dataset("a/x", (3, 3), "f4", external="secret.bin")


def virtual(group):
    layout = h5py.VirtualLayout((3, 3), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a/x", (3, 3))
    group.create_virtual_dataset("a/x", layout)


def group_in_itself(group):
    inner = group.create_group("a")
    for number in range(200):
        inner[str(number)] = inner


@pytest.mark.parametrize(
    "fill, message",
    [
        (two_kernels, r"layer a has 2 weights of shapes \[\(3, 3, 4, 5\), \(3, 3, 4, 5\)\]"),
        (bias_alone, r"layer a has 1 weights of shapes \[\(5,\)\]"),
        (whole_numbers, "no floats"),
        (objects, "no floats"),
        (compressed, "compressed"),
        (never_written, "need more bytes than"),
        (other_file, "a is not in the file itself"),
        (soft_link, "a is not in the file itself"),
        (raw_file, "in another file"),
        (virtual, "in another file"),
        (group_in_itself, "more than 10000 groups"),
    ],
)
def test_what_weights_are_not_is_refused(tmp_path, fill, message):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a/x"] = KERNEL[0, 0, 0, :3, :3]
    (tmp_path / "secret.bin").write_bytes(bytes(36))
    path = write(tmp_path / "a.h5", fill)
    with pytest.raises(InputError, match=message) as error:
        read_keras_h5(path)
    assert str(path) in str(error.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = KERNEL[0]  # As Keras 3 writes.
    with pytest.raises(InputError, match="has no attribute layer_names, .* save them with Keras 2"):
        read_keras_h5(path)
    path.write_bytes(b"text")
    with pytest.raises(InputError, match="is no HDF5 file"):
        read_keras_h5(path)
    with pytest.raises(InputError, match="There is no weights file"):
        read_keras_h5(tmp_path / "missing.h5")


def test_attributes_are_not_read(data, tmp_path):
    """The length of a damaged one may cost the library gigabytes."""
    content = (data / "weight_files/vgg19_small_notop.h5").read_bytes()
    path = tmp_path / "a.h5"
    path.write_bytes(content.replace(b"GCOL", b"xxxx"))  # Where their text is.
    with h5py.File(path) as file, pytest.raises(OSError):
        file.attrs["layer_names"][0]
    assert len(read_keras_h5(path)) == 10
