"""Damaged copies of other frameworks' weight files: read, or refused in one line, in little memory."""

import tracemalloc

import numpy as np
import pytest

from gated_inpaint import InputError
from gated_inpaint.files.keras_files import read_keras_h5
from gated_inpaint.files.torch7_files import modules, read_torch7
from gated_inpaint.files.torch_files import state_dict


def read_network(path):
    return list(modules(read_torch7(path), path))


def damaged(data, rng):
    """A copy cut short, or with bytes changed, the largest numbers put in, or bytes taken out or put in.

    Half of the changes are where a file's structure is: near its ends.
    """
    near = min(len(data), 5000)
    begin = int(rng.choice([0, len(data) - near, rng.integers(len(data) - near + 1)]))
    place = begin + int(rng.integers(near))
    kind, length = rng.integers(5), int(rng.integers(1, 100))
    if kind == 0:
        return data[:place]
    if kind == 1:
        changed = bytearray(data)
        for index in rng.integers(begin, begin + near, 10):
            changed[index] = rng.integers(256)
        return bytes(changed)
    if kind == 2:
        largest = [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\xff\xff\xff\xff"][rng.integers(3)]
        return data[:place] + largest + data[place + len(largest) :]
    if kind == 3:
        return data[:place] + data[place + length :]
    return data[:place] + rng.bytes(length) + data[place:]


@pytest.mark.parametrize(
    "read, name",
    [
        (state_dict, "torch_zip.pth"),
        (state_dict, "torch_legacy.pth"),
        (read_network, "context_encoder_inpaintCenter.t7"),
        (read_keras_h5, "vgg19_small_notop.h5"),
    ],
)
def test_damaged_copies_are_read_or_refused_in_one_line(data, tmp_path, read, name):
    whole, path, refused = (data / "weight_files" / name).read_bytes(), tmp_path / name, 0
    rng = np.random.default_rng(0)
    read(data / "weight_files" / name)
    tracemalloc.start()
    try:
        for _ in range(300):
            path.write_bytes(damaged(whole, rng))
            try:
                read(path)
            except InputError as error:
                refused += 1
                message = str(error)
                assert str(path) in message and "\n" not in message and len(message) < 300 + len(str(path)), message
        assert tracemalloc.get_traced_memory()[1] < 20 * len(whole) + 2**20
    finally:
        tracemalloc.stop()
    assert refused > 150
