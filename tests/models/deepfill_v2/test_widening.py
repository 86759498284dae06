import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA, cases

from gated_inpaint import Generator, InputError
from gated_inpaint.commands.main import run
from gated_inpaint.models import registry
from gated_inpaint.models.deepfill_v2.widening import widened
from gated_inpaint.weights import load_network, read_weights, weights_of, write_weights


@pytest.mark.parametrize("name", ["generator", "generator_guided"])
def test_completes_as_the_narrow_network_and_has_other_gradients_in_each_double(name):
    narrow = load_network(DATA / name)
    wide = widened(narrow)
    inputs = dict(cases(f"{name}/io.npz"))["64x64"].network_inputs()
    with tf.GradientTape() as tape:
        completion, expected = wide(inputs), narrow(inputs)
        loss = tf.reduce_sum(completion.output**2)
    np.testing.assert_allclose(completion.stages["coarse"], expected.stages["coarse"], atol=1e-5)
    # The attention's softmax makes much of rounding. With scores sqrt(2) times as large this would be off by more than 0.01.
    np.testing.assert_allclose(completion.stages["refined"], expected.stages["refined"], atol=2e-4)
    np.testing.assert_array_equal(completion.offsets, expected.offsets)
    gradient = tape.gradient(loss, wide.allconv12.kernel).numpy()
    first, second = gradient[..., 0::2], gradient[..., 1::2]
    assert np.abs(first - second).max() > 0.01 * np.abs(gradient).max()


def test_command(tmp_path, capsys):
    assert run("weights", ["widen", "thin", str(tmp_path / "wide.npz")], "weights") == 0
    assert "base width 48, without sketch" in capsys.readouterr().out
    assert load_network(tmp_path / "wide.npz").width == 48
    assert read_weights(tmp_path / "wide.npz").training_size == read_weights("thin").training_size


def test_others_are_refused(capsys, tmp_path):
    network = registry.find("global_local").network(width=4)
    write_weights(tmp_path / "other.npz", weights_of(registry.find("global_local"), network))
    assert run("weights", ["widen", str(tmp_path / "other.npz"), str(tmp_path / "wide.npz")], "weights") == 1
    assert "holds a network of global_local, which cannot be made wider" in capsys.readouterr().err
    with pytest.raises(InputError, match="not a vanilla generator, base width 8"):
        widened(Generator(8, convolution="vanilla"))
