"""Files of other frameworks, as users hold them: told by content, and refused in one line where they cannot be used."""

import numpy as np
import pytest
from conftest import DATA
from damaged_copies import damaged
from torch_file import write_state_dict

from gated_inpaint import InputError
from gated_inpaint.models.foreign import Tensors, check_shapes, keras_kernel
from gated_inpaint.weights import read_weights

FILES = DATA / "weight_files"


@pytest.mark.parametrize("name", ["context_encoder_inpaintCenter.t7", "shift_30_net_G.pth"])
def test_damaged_copies_are_read_or_refused_in_one_line(tmp_path, name):
    whole, path, refused = (FILES / name).read_bytes(), tmp_path / name, 0
    rng = np.random.default_rng(1)
    for _ in range(60):
        path.write_bytes(damaged(whole, rng))
        try:
            read_weights(path)
        except InputError as error:
            refused += 1
            message = str(error)
            assert str(path) in message and "\n" not in message and len(message) < 400 + len(str(path)), message
    assert refused > 30


def test_files_that_are_no_weights_are_refused(tmp_path):
    for content, words in (
        (b"", "is no weights file: neither an .npz, nor of Torch7 .* or PyTorch .*, nor a checkpoint"),
        (b"\xff\xd8\xff\xe0", "is no weights file"),
        (b"\x04\0\0\0\x01", "is damaged or was cut short"),
        (b"PK\x03\x04", "is damaged or was cut short"),
    ):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(InputError, match=f"file {words}"):
            read_weights(tmp_path / "file")
    with pytest.raises(InputError, match="vgg19_small_notop.h5 is no weights file"):
        read_weights(FILES / "vgg19_small_notop.h5")
    with pytest.raises(InputError, match=r"weights of no network that is read from such a file \(.*\): it has layer.weight"):
        read_weights(write_state_dict(tmp_path / "file", {"layer.weight": np.zeros([2, 2])}))


def test_a_prefix_of_a_checkpoint_is_no_file_of_others(tmp_path):
    """Even where a file has the prefix's very name."""
    for path in (DATA / "generator").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "snap-0").write_bytes(b"notes")
    assert read_weights(tmp_path / "snap-0").model.name == "deepfill_v2"


def test_kernels_keep_their_meaning():
    """Of a convolution and a transposed one: output, input, row and column are where Keras has them."""
    weight = np.random.default_rng(0).normal(size=(5, 3, 4, 2))
    kernel = keras_kernel(weight)
    assert kernel.shape == (4, 2, 3, 5) and kernel.dtype == np.float32
    np.testing.assert_allclose(kernel[1, 0, 2, 4], weight[4, 2, 1, 0], rtol=1e-6)
    with pytest.raises(InputError, match=r"the shape \[5, 3\]"):
        keras_kernel(weight[..., 0, 0])


def test_nothing_is_left_over_in_silence():
    tensors = Tensors({"a": np.zeros(1), "b.count": np.zeros(1), "c": np.zeros(1), "d": np.zeros(1)}, "the network")
    tensors.take("a")
    tensors.drop(".count")
    with pytest.raises(InputError, match="it has no a, which the network needs"):
        tensors.take("a")
    with pytest.raises(InputError, match="it has c and 1 more, which the network has no place for"):
        tensors.finish()
    tensors.take("c")
    tensors.take("d")
    tensors.finish()
    shapes = {"a": (2, 3), "b": (1,)}
    check_shapes({"a": np.zeros([2, 3]), "b": np.zeros(1)}, shapes)
    for arrays, words in (
        ({"a": np.zeros([2, 3])}, "it has no b"),
        ({"a": np.zeros([2, 4]), "b": np.zeros(1)}, r"a has shape \[2, 4\], and this network needs \[2, 3\]"),
        ({"a": np.zeros([2, 3]), "b": np.zeros(1), "c": np.zeros(1)}, "it has c, which this network has no place for"),
    ):
        with pytest.raises(InputError, match=words):
            check_shapes(arrays, shapes)
