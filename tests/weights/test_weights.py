import itertools
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases, write_weights

from gated_inpaint import Generator, InputError
from gated_inpaint.commands.main import run
from gated_inpaint.models.deepfill_v2.generator import ROOTS
from gated_inpaint.models.deepfill_v2.recognition import recognise
from gated_inpaint.models.deepfill_v2.tables import COARSE, channels_of
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network, read_weights


@pytest.fixture
def arrays():
    return read_weights(DATA / "generator").arrays


def convert(*arguments):
    return run("weights", ["convert", *map(str, arguments)], "weights")


def test_checkpoint_is_found_by_folder_prefix_and_in_a_moved_folder(tmp_path, arrays):
    shutil.copytree(DATA / "generator", tmp_path / "moved")
    (tmp_path / "moved/checkpoint").write_text('model_checkpoint_path: "/where/it/was/snap-0"\n')
    for source in (DATA / "generator/snap-0", tmp_path / "moved"):
        again = read_weights(source).arrays
        assert again.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(again[name], array)


def test_picture_channels_are_reversed_and_nothing_else(arrays):
    reader = tf.train.load_checkpoint(str(DATA / "generator"))
    changed = {name for name, array in arrays.items() if not np.array_equal(array, reader.get_tensor(name))}
    assert changed == {
        *(f"inpaint_net/{scope}/kernel" for scope in ("conv1", "xconv1", "pmconv1", "conv17", "allconv17")),
        *(f"inpaint_net/{scope}/bias" for scope in ("conv17", "allconv17")),
        "discriminator/sn_patch_gan/conv1/kernel",
    }
    kernel = reader.get_tensor("inpaint_net/conv1/kernel")
    np.testing.assert_array_equal(arrays["inpaint_net/conv1/kernel"], kernel[:, :, [2, 1, 0, 3, 4]])


def test_convert_there_and_back(tmp_path, capsys):
    assert convert(DATA / "generator_guided", tmp_path / "weights.npz") == 0
    assert "gated generator, base width 8, with sketch channel, and 18 variables of networks" in capsys.readouterr().out
    assert convert(tmp_path / "weights.npz", f"{tmp_path / 'back'}/") == 0  # A new folder.
    original = tf.train.load_checkpoint(str(DATA / "generator_guided"))
    back = tf.train.load_checkpoint(str(tmp_path / "back"))
    assert back.get_variable_to_shape_map() == original.get_variable_to_shape_map()
    for name in original.get_variable_to_shape_map():
        np.testing.assert_array_equal(back.get_tensor(name), original.get_tensor(name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "weights.npz"]  # No scratch left.

    inputs = dict(cases("generator_guided/io.npz"))["64x64"].network_inputs()
    expected = load_network(DATA / "generator_guided")(inputs).composite
    np.testing.assert_array_equal(load_network(tmp_path / "weights.npz")(inputs).composite, expected)


def test_bundled_weights_load():
    generator = load_network()
    assert generator.width == 48 and not generator.takes_sketch


def test_released_width_loads(tmp_path):
    source = Generator(48)
    write_weights(source, tmp_path / "snap-0")
    loaded = load_network(tmp_path)
    assert loaded.width == 48
    np.testing.assert_array_equal(loaded.variables[0], source.variables[0])


@pytest.mark.parametrize("convolution", ["gated", "partial", "vanilla"])
def test_weights_say_their_convolution(tmp_path, capsys, convolution):
    source = Generator(8, convolution=convolution)
    write_weights(source, tmp_path / "source.npz")
    assert convert(tmp_path / "source.npz", tmp_path / "copy.npz") == 0
    assert f"{convolution} generator, base width 8, without sketch channel" in capsys.readouterr().out
    loaded = load_network(tmp_path / "copy.npz")
    assert loaded.convolution == convolution
    image, mask = np.zeros([1, 16, 24, 3], np.float32), np.eye(16, 24, dtype=np.float32)[np.newaxis, ..., np.newaxis]
    np.testing.assert_array_equal(loaded(Inputs(image, mask)).composite, source(Inputs(image, mask)).composite)

    status = convert(tmp_path / "source.npz", tmp_path / "snap-0")
    if convolution == "gated":
        assert status == 0 and load_network(tmp_path / "snap-0").convolution == "gated"
    else:
        assert status == 1
        assert (
            f"of an authors' network, and these weights are of another (inpaint_net_{convolution}/conv1/" in capsys.readouterr().err
        )
        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.npz", "source.npz"]


def test_width_and_sketch_are_found_for_every_convolution():
    for width, sketch, (convolution, root) in itertools.product(range(4, 257, 4), (False, True), ROOTS.items()):
        shape = (5, 5, 5 + sketch, channels_of(COARSE[0], width, convolution))
        shapes = {f"{root}/conv1/kernel": shape}
        if sketch and convolution == "partial":
            with pytest.raises(InputError, match=r"has shape \[5, 5, 6, .* needs \[5, 5, 5, "):
                recognise(shapes)
        else:
            assert recognise(shapes) == {"width": width, "sketch": sketch, "convolution": convolution}


def without(arrays, name):
    return {key: array for key, array in arrays.items() if key != name}


NAME = "inpaint_net/allconv14/kernel"


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda arrays: without(arrays, NAME), f"no variable {NAME}"),
        (lambda arrays: {**arrays, NAME: arrays[NAME][..., :6]}, rf"{NAME} has shape \[3, 3, 8, 6\].* needs \[3, 3, 8, 16\]"),
        (lambda arrays: {**arrays, NAME: arrays[NAME] * np.nan}, f"{NAME} holds values that are not finite"),
        (
            lambda arrays: without(arrays, "inpaint_net/conv1/kernel"),
            "of no network of the house .*deepfill_v1, deepfill_v2.*: it has discriminator",
        ),
        (lambda arrays: {**arrays, "inpaint_net/conv1/kernel": np.zeros([5, 5, 4, 8])}, r"conv1/kernel has shape \[5, 5, 4, 8\]"),
        (lambda arrays: {"other": np.zeros(3)}, "of no network of the house .*: it has other"),
        (lambda arrays: {NAME: np.array([object()])}, "cannot be read as an .npz of plain arrays"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(tmp_path, arrays, change, words):
    np.savez(tmp_path / "weights.npz", **change(arrays))
    with pytest.raises(InputError, match=words):
        load_network(tmp_path / "weights.npz")


def test_unreadable_weights_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty").mkdir()
    shutil.copytree(DATA / "generator", tmp_path / "cut")
    (tmp_path / "cut/snap-0.data-00000-of-00001").write_bytes(b"")
    shutil.copytree(DATA / "generator", tmp_path / "two")
    shutil.copy(tmp_path / "two/snap-0.index", tmp_path / "two/snap-1.index")
    (tmp_path / "two/checkpoint").unlink()
    for source, words in (
        ("missing.npz", "no weights file"),
        ("text.npz", "cannot be read"),
        ("missing", "neither default, guided, thin, which come with the package, nor an .npz"),
        ("empty", "holds no checkpoint"),
        ("cut", "cannot be read"),
        ("two", "holds 2 checkpoints: name one, such as .*snap-0"),
    ):
        with pytest.raises(InputError, match=words):
            load_network(tmp_path / source)


def test_convert_says_what_is_wrong(tmp_path, capsys):
    assert convert(tmp_path / "missing.npz", tmp_path / "target.npz") == 1
    assert capsys.readouterr().err.startswith("weights: error: There is no weights file")
    assert convert(DATA / "generator", tmp_path / "nowhere/target.npz") == 1
    assert "nowhere does not exist" in capsys.readouterr().err
