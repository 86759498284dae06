"""Whole runs of networks that take pictures of one size: trained, killed, resumed; completing, exported, evaluated."""

import pathlib

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from tensorflow import keras
from training_runs import as_killed_at, assert_same_state, state, write_photos

from gated_inpaint import Inpainter, InputError
from gated_inpaint.commands import main as commands
from gated_inpaint.evaluation.evaluate import evaluate
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.models import context_encoder, csa, shift_net
from gated_inpaint.serving.export import export
from gated_inpaint.serving.mobile import export_tflite
from gated_inpaint.training import loop
from gated_inpaint.weights import read_weights, weights_of, write_weights

ROOT = pathlib.Path(__file__).parents[2]
STEPS = dict(steps=3, checkpoint_every=1, validate_every=3, batch_size=2)
CASES = {
    "context_encoder": (context_encoder, dict(width=2, bottleneck=4, discriminator_width=2)),
    "csa": (csa, dict(size=64, width=2, discriminator_width=2, feature_discriminator_width=4, fit="crop")),
    "shift_net": (shift_net, dict(size=64, width=2, discriminator_width=2)),
}
OPTIMIZERS = {"csa": 4}  # Of others two.


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of photos; a small pretrained network lies beside it."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "photos").mkdir()
    keras.utils.set_random_seed(0)
    pictures = keras.Input((None, None, 3))
    maps = {
        f"map{index}": keras.layers.Conv2D(3 + index, 8, 8, activation="relu", name=f"map{index}")(pictures) for index in (0, 1)
    }
    keras.Model(pictures, maps).save(folder / "maps.keras")
    return write_photos(folder / "photos", 5, size=(168, 140))


def options(name, photos, run_dir, **changed):
    package, small = CASES[name]
    if name == "csa":
        small = {**small, "feature_network": str(photos.parent / "maps.keras")}
    given = {"data": str(photos), "validation_data": str(photos), "run_dir": str(run_dir), "summarize_every": 1}
    return package.Options(**{**given, **STEPS, **small, **changed})


@pytest.fixture(scope="module", params=CASES)
def straight(request, photos, tmp_path_factory):
    """A model's name, and the folder of a run of 3 steps without a pause, in this process."""
    run_dir = tmp_path_factory.mktemp("straight") / "run"
    loop.train(CASES[request.param][0].MODEL, options(request.param, photos, run_dir))
    return request.param, run_dir


def test_killed_and_resumed_is_the_same_as_straight(straight, photos, tmp_path):
    name, run_dir = straight
    loop.train(CASES[name][0].MODEL, options(name, photos, as_killed_at(2, run_dir, tmp_path / "run")))
    assert "Resuming at step 2" in (tmp_path / "run/log.txt").read_text()
    assert_same_state(tmp_path / "run", run_dir)  # All networks, and two slots of Adam for each variable.


def test_all_networks_train(straight):
    name, run_dir = straight
    first, last = state(run_dir, 1), state(run_dir, 3)
    still = [key for key, value in last.items() if "saved_variables" in key and np.array_equal(value, first[key])]
    # A bias in front of a normalisation has a gradient of rounding errors at most; u of one output channel is 1 or -1.
    assert not [key for key in still if "bias" not in key and "net_D.Smodel..11.Su" not in key], still
    counts = [value for key, value in last.items() if "/_iterations/" in key]
    assert len(counts) == OPTIMIZERS.get(name, 2) and set(map(int, counts)) == {3}


def test_the_weights_of_a_run_say_whose_they_are(straight):
    name, run_dir = straight
    weights = read_weights(run_dir)
    assert weights.model is CASES[name][0].MODEL and weights.config["width"] == 2
    assert weights.arrays.keys() == weights.model.network(**weights.config).named_variables().keys()


def photo_with_hole(side):
    """A photo larger than the network's pictures, with two holes, one at the border; and one of the network's size."""
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (3 * side, 2 * side), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[: side // 2, 5:30], mask[side : side + 20, side : 2 * side] = 255, 255
    return image, mask


def test_its_weights_complete_are_exported_and_evaluated(straight, photos, tmp_path):
    name, run_dir = straight
    inpainter = Inpainter(run_dir)
    side = inpainter.network.picture_size
    image, mask = photo_with_hole(side)
    completed = inpainter(image, mask)
    np.testing.assert_array_equal(completed[mask == 0], image[mask == 0])
    assert all(
        (completed[part] != image[part]).any() for part in (np.s_[: side // 2, 5:30], np.s_[side : side + 20, side : 2 * side])
    )

    if inpainter.stages(image, mask).offsets:
        check_pictures_of_attention(run_dir, image, mask, side, tmp_path)

    export(run_dir, tmp_path / "served/1")
    served = tf.saved_model.load(str(tmp_path / "served/1")).signatures["tensors"]
    given = tf.constant(image[np.newaxis]), tf.constant(mask[np.newaxis, ..., np.newaxis])
    np.testing.assert_allclose(served(image=given[0], mask=given[1])["completed"][0], completed, atol=1)

    image, mask = image[:side, :side], np.zeros([side, side], np.uint8)
    reach = 3 * side // 16  # About as large a hole as they have learned: a smaller one is enlarged, which a device does not do.
    mask[side // 2 - reach : side // 2 + reach, side // 2 - 5 : side // 2 + 9] = 255
    export_tflite(run_dir, tmp_path / "small.tflite", (side, side))
    run = tf.lite.Interpreter(str(tmp_path / "small.tflite")).get_signature_runner()
    on_device = run(image=image[np.newaxis], mask=mask[np.newaxis, ..., np.newaxis])["completed"][0]
    assert np.abs(on_device.astype(int) - inpainter(image, mask)).max() <= 2

    methods = (f"ours=weights:{run_dir}", "mean")
    table = evaluate(EvaluationOptions(str(photos), str(tmp_path / "table"), masks=("centre",), methods=methods, size=48))
    assert "| ours |" in table and inpainter.network.describe() in (tmp_path / "table/table.md").read_text()


def check_pictures_of_attention(run_dir, image, mask, side, folder):
    """One for each piece, where attention looked: coloured in the hole of the features, white elsewhere."""
    cv2.imwrite(str(folder / "photo.png"), image[..., ::-1])
    cv2.imwrite(str(folder / "mask.png"), mask)
    flags = [f"--{name}={folder / name}.png" for name in ("mask", "output")]
    flags += [f"--image={folder}/photo.png", f"--weights={run_dir}", f"--save_stages={folder}/stages"]
    assert commands.run("complete", flags, "complete") == 0
    pictures = [cv2.imread(str(path)) for path in sorted((folder / "stages").glob("*piece*_attention.png"))]
    assert len(pictures) > 1 and all(picture.shape == (side, side, 3) for picture in pictures)
    coloured = [np.mean(np.any(picture < 255, axis=-1)) for picture in pictures]
    assert all(0 < share < 0.6 for share in coloured), coloured


@pytest.mark.parametrize("name", CASES)
def test_fine_tuning_starts_from_all_networks(name, photos, tmp_path):
    """Weights with critics start them, too; weights without leave them as they begin."""
    model = CASES[name][0].MODEL
    networks = loop.make_trainer(model, options(name, photos, tmp_path).settled(None)).networks
    write_weights(tmp_path / "both.npz", weights_of(model, *networks.values()))
    write_weights(tmp_path / "one.npz", weights_of(model, networks["generator"]))
    for file, same in (("both.npz", True), ("one.npz", False)):
        given = options(name, photos, tmp_path, seed=1, init_weights=str(tmp_path / file)).settled(None)
        again = loop.make_trainer(model, given).networks
        for key, network in again.items():
            kernels = [
                (new.numpy(), old.numpy())
                for new, old in zip(network.variables, networks[key].variables)
                if len(new.shape) == 4  # Others begin as zeros or ones.
            ]
            assert {np.array_equal(*pair) for pair in kernels} == {same or key == "generator"}


def test_a_further_training_may_be_on_other_holes_and_not_of_another_network(photos, tmp_path):
    model = shift_net.MODEL
    networks = loop.make_trainer(model, options("shift_net", photos, tmp_path)).networks
    write_weights(tmp_path / "centre.npz", weights_of(model, *networks.values()))
    given = dict(masks="islands", init_weights=str(tmp_path / "centre.npz"))
    assert loop.make_trainer(model, options("shift_net", photos, tmp_path, **given)).networks["generator"].region == "random"
    with pytest.raises(InputError, match="a network with feature_mask 'covered', and this run trains one with 'sampled'"):
        loop.make_trainer(model, options("shift_net", photos, tmp_path, feature_mask="sampled", **given))


def test_a_further_training_may_be_in_another_form_and_not_of_another_similarity(photos, tmp_path):
    given = dict(init_weights=str(DATA / "weight_files/csa_30_net_G.pth"), width=4, discriminator_width=8)
    made = loop.make_trainer(csa.MODEL, options("csa", photos, tmp_path, similarity="released", **given)).networks["generator"]
    assert (made.similarity, made.gradient) == ("released", "whole")
    with pytest.raises(InputError, match="a network with similarity 'released', and this run trains one with 'cosine'"):
        loop.make_trainer(csa.MODEL, options("csa", photos, tmp_path, **given))


@pytest.mark.parametrize(
    "name, changed, words",
    [
        ("context_encoder", dict(size=256), "--size must be 128, not 256"),
        ("context_encoder", dict(masks="islands"), "--region=centre and --masks=islands: the centre form trains with"),
        ("context_encoder", dict(region="random"), "--region=random and --masks=inner_centre"),
        ("shift_net", dict(size=96), "--size must be a power of two, 64 at least, not 96"),
        ("shift_net", dict(size=32), "--size must be a power of two, 64 at least, not 32"),
        ("shift_net", dict(masks="islands", discounted_weight=400.0), "--discounted_weight needs a hole that is a box"),
        ("shift_net", dict(discount=0.0), "--discount must be above 0"),
        ("csa", dict(size=96), "--size must be a power of two, 64 at least, not 96"),
        ("csa", dict(falling_epochs=0), "--falling_epochs must be at least 1, not 0"),
        ("csa", dict(feature_network=None, critic_map="pool3"), "are of a network that --feature_network has to name"),
        ("csa", dict(consistency_map="map9"), "--consistency_map: maps.keras has no map 'map9', only map0, map1"),
    ],
)
def test_bad_options_are_named(photos, tmp_path, name, changed, words):
    with pytest.raises(InputError, match=words):
        loop.train(CASES[name][0].MODEL, options(name, photos, tmp_path / "run", **changed))
