"""A whole run: trained, killed, resumed; its weights complete, are exported, and are evaluated."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from training_runs import as_killed_at, assert_same_state, state, write_photos

from gated_inpaint import Inpainter, InputError
from gated_inpaint.data import find_photos
from gated_inpaint.evaluation.evaluate import evaluate
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.models.deepfill_v1 import MODEL, Options
from gated_inpaint.serving.export import export
from gated_inpaint.serving.mobile import export_tflite
from gated_inpaint.training import loop
from gated_inpaint.weights import weights_of, write_weights

ROOT = pathlib.Path(__file__).parents[3]
SMALL = dict(size=32, width=4, critic_width=4, batch_size=2, critic_steps=2, learning_rate=1e-3)
SMALL.update(steps=3, checkpoint_every=1, validate_every=3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), 7)


def options(photos, run_dir, **changed):
    given = {"data": str(photos), "validation_data": str(photos), "run_dir": str(run_dir), "summarize_every": 1}
    return Options(**given, **{**SMALL, **changed})


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """A run of 3 steps without a pause, in this process."""
    run_dir = tmp_path_factory.mktemp("straight") / "run"
    loop.train(MODEL, options(photos, run_dir))
    return run_dir


def test_killed_and_resumed_is_the_same_as_straight(straight, photos, tmp_path):
    loop.train(MODEL, options(photos, as_killed_at(2, straight, tmp_path / "run")))
    assert "Resuming at step 2" in (tmp_path / "run/log.txt").read_text()
    # Three networks, and two slots of Adam for each variable.
    assert_same_state(tmp_path / "run", straight, at_least=250)


def test_both_players_train(straight):
    first, last = state(straight, 1), state(straight, 3)
    still = [name for name, value in last.items() if "saved_variables" in name and np.array_equal(value, first[name])]
    # A critic's last bias has no gradient: those of photos and completed pictures cancel.
    assert all("dout_" in name and "bias" in name for name in still), still
    assert any("local_critic" in name for name in last) and any("global_critic" in name for name in last)
    (count,) = (value for name, value in last.items() if "optimizer/_iterations/" in name)
    assert count == 3 * 3  # Two of the critics and one of the generator a step, all of one Adam.


def test_its_weights_complete_are_exported_and_evaluated(straight, photos, tmp_path):
    inpainter = Inpainter(straight)
    assert inpainter.network.width == 4 and type(inpainter.network) is MODEL.network
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)
    mask = np.zeros((32, 40), np.uint8)
    mask[8:21, 11:30] = 255
    completed = inpainter(image, mask)
    np.testing.assert_array_equal(completed[mask == 0], image[mask == 0])
    assert (completed[mask > 0] != image[mask > 0]).any()

    export(straight, tmp_path / "served/1")
    served = tf.saved_model.load(str(tmp_path / "served/1")).signatures["tensors"]
    given = tf.constant(image[np.newaxis]), tf.constant(mask[np.newaxis, ..., np.newaxis])
    np.testing.assert_allclose(served(image=given[0], mask=given[1])["completed"][0], completed, atol=1)

    export_tflite(straight, tmp_path / "small.tflite", (40, 32))
    run = tf.lite.Interpreter(str(tmp_path / "small.tflite")).get_signature_runner()
    on_device = run(image=given[0].numpy(), mask=given[1].numpy())["completed"][0]
    assert np.abs(on_device.astype(int) - completed).max() <= 2

    methods = (f"v1=weights:{straight}", "mean")
    table = evaluate(EvaluationOptions(str(photos), str(tmp_path / "table"), masks=("centre",), methods=methods, size=32))
    assert "| v1 |" in table and "generator of DeepFill v1, base width 4" in (tmp_path / "table/table.md").read_text()


def test_fine_tuning_starts_from_all_networks(photos, tmp_path):
    """Weights with critics start them, too; weights without leave them as they begin."""
    networks = loop.make_trainer(MODEL, options(photos, tmp_path)).networks
    write_weights(tmp_path / "all.npz", weights_of(MODEL, *networks.values()))
    write_weights(tmp_path / "one.npz", weights_of(MODEL, networks["generator"]))
    for file, same in (("all.npz", ("generator", "global_critic", "local_critic")), ("one.npz", ("generator",))):
        again = loop.make_trainer(MODEL, options(photos, tmp_path, seed=1, init_weights=str(tmp_path / file))).networks
        for name, network in again.items():
            for new, old in zip(network.variables, networks[name].variables):
                assert np.array_equal(new, old) == (name in same or not np.any(old)), name


@pytest.mark.parametrize(
    "changed, words",
    [
        (dict(masks="union"), "--masks must be 'box', not 'union': the local critic"),
        (dict(size=36), "multiple of 8, not 36"),
        (dict(critic_steps=0), "--critic_steps must be at least 1, not 0"),
        (dict(discount=0.0), "--discount must be above 0"),
    ],
)
def test_bad_options_are_named(photos, tmp_path, changed, words):
    with pytest.raises(InputError, match=words):
        loop.train(MODEL, options(photos, tmp_path / "run", **changed))


def test_photos_are_mirrored_only_if_wanted(photos, tmp_path):
    found = find_photos(str(photos))

    def first_batch(**changed):
        strategy = tf.distribute.get_strategy()
        return next(iter(loop._batches(found, options(photos, tmp_path, batch_size=7, **changed), 0, strategy, (0, 1))))

    plain, mirrored = first_batch().inputs.image.numpy(), first_batch(flip=True).inputs.image.numpy()
    assert 0 < sum(np.array_equal(*pair) for pair in zip(plain, mirrored)) < 7
