"""A whole run: trained, killed, resumed across a change of phase; its weights complete, are exported, and are evaluated."""

import pathlib

import cv2
import numpy as np
import pytest
import tensorflow as tf
from global_local_reference import mmagic_tensors
from torch_file import write_state_dict
from training_runs import as_killed_at, assert_same_state, state, write_photos

from gated_inpaint import Inpainter, InputError
from gated_inpaint.evaluation.evaluate import evaluate
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.models.global_local import MODEL, Options
from gated_inpaint.serving.export import export
from gated_inpaint.serving.mobile import export_tflite
from gated_inpaint.training import loop
from gated_inpaint.weights import read_weights

ROOT = pathlib.Path(__file__).parents[3]
# A phase a step.
SMALL = dict(size=32, width=4, discriminator_width=2, batch_size=2, completion_steps=1, discriminator_steps=1)
SMALL.update(steps=4, checkpoint_every=1, validate_every=4, keep_checkpoints=4, port_slips=True)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), 5, levels=200)


def options(photos, run_dir, **changed):
    given = {"data": str(photos), "validation_data": str(photos), "run_dir": str(run_dir), "summarize_every": 1}
    return Options(**given, **{**SMALL, **changed})


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """A run of 4 steps without a pause, in this process."""
    run_dir = tmp_path_factory.mktemp("straight") / "run"
    loop.train(MODEL, options(photos, run_dir))
    return run_dir


def test_killed_and_resumed_across_phases_is_the_same_as_straight(straight, photos, tmp_path):
    """Killed in the first phase, and resumed through the second and third."""
    loop.train(MODEL, options(photos, as_killed_at(1, straight, tmp_path / "run")))
    log = (tmp_path / "run/log.txt").read_text()
    assert "Resuming at step 1" in log and log.count("The mean colour of the photos") == 1
    assert_same_state(tmp_path / "run", straight, at_least=0)


def test_every_phase_trains_its_players(straight):
    states = [state(straight, step) for step in (1, 2, 3, 4)]

    def trained(before, after, network):
        own = [name for name in after if f"saved_variables/{network}/" in name and "moving" not in name and ".S" in name]
        return any(not np.array_equal(before[name], after[name]) for name in own)

    for before, after, generator, discriminator in zip(states, states[1:], (False, True, True), (True, True, True)):
        assert (trained(before, after, "generator"), trained(before, after, "discriminator")) == (generator, discriminator)
    slots = [name for name in states[3] if "left_gradients/" in name]
    assert slots and any(states[3][name].any() for name in slots) and not any(states[1][name].any() for name in slots)
    for optimizer in ("generator_optimizer", "discriminator_optimizer"):
        assert sum(f"/{optimizer}/" in name for name in states[3]) > 50  # Two slots of Adadelta for each variable.


def test_its_weights_complete_are_exported_and_evaluated(straight, photos, tmp_path):
    levels = [cv2.imread(str(path)) for path in sorted(photos.glob("*.png"))]
    mean = np.mean([one[4:36, 8:40, ::-1] for one in levels], axis=(0, 1, 2)) / 255  # Their middles.
    np.testing.assert_allclose(read_weights(straight).arrays["completion/mean"], mean, atol=0.01)

    inpainter = Inpainter(straight)
    assert inpainter.network.width == 4 and type(inpainter.network) is MODEL.network
    image = np.random.default_rng(0).integers(0, 256, (34, 41, 3), np.uint8)  # Of no multiple of 4.
    mask = np.zeros((34, 41), np.uint8)
    mask[8:21, 11:30] = 255
    completed = inpainter(image, mask)
    np.testing.assert_array_equal(completed[mask == 0], image[mask == 0])
    assert (completed[mask > 0] != image[mask > 0]).any()
    finished = Inpainter(straight, finish=True)(image, mask)
    np.testing.assert_array_equal(finished, inpainter.network.finish(image, completed, mask > 0))
    np.testing.assert_array_equal(finished[mask == 0], image[mask == 0])
    assert (finished != completed).any()

    assert "seamless cloning" in export(straight, tmp_path / "served/1").missing
    served = tf.saved_model.load(str(tmp_path / "served/1")).signatures["tensors"]
    given = tf.constant(image[np.newaxis]), tf.constant(mask[np.newaxis, ..., np.newaxis])
    np.testing.assert_allclose(served(image=given[0], mask=given[1])["completed"][0], completed, atol=1)

    image, mask = image[:32, :36], mask[:32, :36]
    export_tflite(straight, tmp_path / "small.tflite", (36, 32))
    run = tf.lite.Interpreter(str(tmp_path / "small.tflite")).get_signature_runner()
    on_device = run(image=image[np.newaxis], mask=mask[np.newaxis, ..., np.newaxis])["completed"][0]
    assert np.abs(on_device.astype(int) - inpainter(image, mask)).max() <= 2

    methods = (f"gl=weights:{straight}", "mean")
    table = evaluate(EvaluationOptions(str(photos), str(tmp_path / "table"), masks=("centre",), methods=methods, size=32))
    assert "| gl |" in table and "completion network of Global&Local, base width 4" in (tmp_path / "table/table.md").read_text()


def test_fine_tuning_goes_on_with_the_weights_network(straight, photos, tmp_path):
    """Mean colour included; a network that reads otherwise is refused, though its shapes are the same."""
    own = {"init_weights": str(straight), "seed": 1}
    network = loop.make_trainer(MODEL, options(photos, tmp_path, **own)).generator
    for name, array in read_weights(straight).arrays.items():
        np.testing.assert_array_equal(network.named_variables()[name], array, err_msg=name)
    with pytest.raises(InputError, match="a network with layer_order 'norm_relu', and this run trains one with 'relu_norm'"):
        loop.make_trainer(MODEL, options(photos, tmp_path, layer_order="relu_norm", **own))


def test_fine_tuning_goes_on_with_mmagics_discriminators(photos, tmp_path):
    file = write_state_dict(tmp_path / "mmagic.pth", mmagic_tensors())
    own = dict(init_weights=str(file), size=128, width=8, discriminator_width=4, picture_range="signed")
    trainer, arrays = loop.make_trainer(MODEL, options(photos, tmp_path, **own)), read_weights(file).arrays
    for network in trainer.networks.values():
        for name, variable in network.named_variables().items():
            np.testing.assert_array_equal(variable, arrays[name], err_msg=name)


@pytest.mark.parametrize(
    "changed, words",
    [
        (dict(masks="union"), "--masks must be one of rectangle_in_box, box, not 'union': the local discriminator"),
        (dict(size=34), "multiple of 4, not 34"),
        (dict(width=5), "--width must be a positive even number, not 5"),
        (dict(completion_steps=-1), "--completion_steps must not be negative, but is -1"),
        (dict(layer_order="relu"), "--layer_order must be one of norm_relu, relu_norm, not 'relu'"),
    ],
)
def test_bad_options_are_named(photos, tmp_path, changed, words):
    with pytest.raises(InputError, match=words):
        loop.train(MODEL, options(photos, tmp_path / "run", **changed))
