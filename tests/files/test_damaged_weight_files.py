"""Damaged copies of other frameworks' weight files: read, or refused in one line, in little memory."""

import tracemalloc

import numpy as np
import pytest
from damaged_copies import damaged

from gated_inpaint import InputError
from gated_inpaint.files.keras_files import read_keras_h5, read_named_h5
from gated_inpaint.files.torch7_files import modules, read_torch7
from gated_inpaint.files.torch_files import state_dict


def read_network(path):
    return list(modules(read_torch7(path), path))


@pytest.mark.parametrize(
    "read, name",
    [
        (state_dict, "torch_zip.pth"),
        (state_dict, "torch_legacy.pth"),
        (read_network, "context_encoder_inpaintCenter.t7"),
        (read_keras_h5, "vgg19_small_notop.h5"),
        (read_named_h5, "../preset/model.weights.h5"),
    ],
)
def test_damaged_copies_are_read_or_refused_in_one_line(data, tmp_path, read, name):
    whole, path, refused = (data / "weight_files" / name).read_bytes(), tmp_path / "damaged", 0
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
