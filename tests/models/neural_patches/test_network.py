"""Neural patches as a model of the house: one weights file, photos completed, the loop watched and ended, what is refused."""

import signal
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras
from torch_file import write_state_dict

from gated_inpaint import Inpainter, InputError
from gated_inpaint.commands import main
from gated_inpaint.editor.completing import Models
from gated_inpaint.evaluation.methods.weights import Weights as Method
from gated_inpaint.features import load_vgg
from gated_inpaint.files.keras_files import read_keras_h5
from gated_inpaint.inference import files, progress
from gated_inpaint.inference.jobs import CompletionOptions
from gated_inpaint.models.neural_patches import MODEL
from gated_inpaint.models.neural_patches.network import LEAST_SIZE
from gated_inpaint.models.neural_patches.objective import Objective
from gated_inpaint.serving.export import export
from gated_inpaint.training import loop
from gated_inpaint.types import Inputs
from gated_inpaint.weights import load_network, read_weights

STEPS = 4


def convert(content, target, texture, *more):
    """Makes one weights file of two by the command; returns its exit status."""
    given = ["convert", str(content), str(target), "--model=neural_patches", f"--texture_network={texture}", *more]
    return main.run("weights", given, "gated-inpaint weights")


@pytest.fixture(scope="module")
def parts(data):
    """The files of a content network and of VGG-19."""
    return data / "weight_files/context_encoder_inpaintCenter.t7", data / "weight_files/vgg19_small_notop.h5"


@pytest.fixture(scope="module")
def weights(parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "neural_patches.npz"
    assert convert(parts[0], path, parts[1], f"--settings=size={LEAST_SIZE},iterations={STEPS}") == 0
    return path


@pytest.fixture(scope="module")
def photo():
    """A photo larger than the network's pictures, and a hole in it."""
    image = cv2.resize(np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8), (180, 150), interpolation=cv2.INTER_CUBIC)
    hole = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(hole, (90, 80), 25, 255, -1)
    return image, hole


def test_one_file_holds_both_networks(weights, parts):
    read, network = read_weights(weights), load_network(weights)
    assert read.model is MODEL and (network.size, network.iterations, network.form) == (LEAST_SIZE, STEPS, "fast")
    assert not network.exportable and network.hole_size == 56
    content, texture = load_network(parts[0]), load_vgg(parts[1])
    for name, variable in content.named_variables().items():
        np.testing.assert_array_equal(network.named_variables()[f"content/{name}"], variable)
    for name, variable in texture.named_variables().items():
        np.testing.assert_array_equal(network.named_variables()[f"texture/{name}"], variable)
    assert "4 steps at each of 3 scales up to 128x128 pixels, from a Context Encoder for a hole" in network.describe()


def test_a_photo_is_completed_and_the_objective_falls(weights, photo):
    inpainter, told = Inpainter(weights), []
    inpainter.network.watch = lambda *what: told.append(what)
    stages = inpainter.stages(*photo)
    image, hole = photo
    np.testing.assert_array_equal(stages.completed[hole == 0], image[hole == 0])
    assert list(stages.stages) == ["piece1_content", "piece1_synthesis"]
    assert [(done, count) for done, count, _ in told] == [(step, 3 * STEPS) for step in range(3 * STEPS)]
    for scale in range(3):
        values = [value for _, _, value in told[scale * STEPS : (scale + 1) * STEPS]]
        assert values[-1] < values[0]
    content, synthesis = (stages.stages[f"piece1_{name}"].astype(int) for name in ("content", "synthesis"))
    assert (content != synthesis)[64, 64].any()
    # What the network itself makes: all pixels move, and its output has a soft border around the hole.
    image, mask = np.zeros([1, LEAST_SIZE, LEAST_SIZE, 3], np.float32), np.zeros([1, LEAST_SIZE, LEAST_SIZE, 1], np.float32)
    image[:, ::3], mask[:, 50:70, 50:70] = 0.5, 1
    inpainter.network.iterations = 1
    made = inpainter.network.inpaint(Inputs(tf.constant(image), tf.constant(mask)))
    blended, synthesis = made.output.numpy(), inpainter.network.synthesise(made.stages["content"][0].numpy(), mask[0, ..., 0] > 0)
    synthesis = synthesis[np.newaxis]
    np.testing.assert_array_equal(made.stages["synthesis"], blended)
    np.testing.assert_allclose(blended[:, 50:70, 50:70], synthesis[:, 50:70, 50:70], atol=1e-6)
    np.testing.assert_array_equal(blended[:, :30], image[:, :30])
    shares = (blended - image)[0, 40:50, 60].sum(axis=-1) / (synthesis - image)[0, 40:50, 60].sum(axis=-1)
    assert (np.diff(shares) > -1e-4).all() and 0 <= shares[0] < 0.2 and shares[-1] > 0.8


def test_the_papers_form_moves_the_hole_alone(parts, photo, tmp_path):
    """By settings of the weights file; each scale begins with the last one's result, and is held to it."""
    path, told = tmp_path / "paper.npz", []
    settings = f"--settings=form=paper,size={LEAST_SIZE},iterations={STEPS},texture_weight=0.5"
    assert convert(parts[0], path, parts[1], settings) == 0
    network = load_network(path)
    assert (network.form, network.texture_weight, network.smoothness_weight) == ("paper", 0.5, None)
    network.watch = lambda done, count, value: told.append(value)
    guess = cv2.resize(photo[0], (LEAST_SIZE, LEAST_SIZE)) / np.float32(127.5) - 1
    hole = np.zeros([LEAST_SIZE, LEAST_SIZE], bool)
    hole[50:80, 50:80] = True
    made = network.synthesise(guess, hole)
    np.testing.assert_allclose(made[~hole], guess[~hole], atol=1e-6)
    assert np.abs(made - guess)[hole].max() > 0.01
    assert all(told[scale * STEPS + STEPS - 1] < told[scale * STEPS] for scale in range(3))
    # More texture, another result; no texture and no smoothness: the first guess, and nothing else to be like at any scale.
    network.texture_weight = network.smoothness_weight = 0.0
    network.watch = None
    calm = network.synthesise(guess, hole)
    assert np.abs(calm - made)[hole].max() > 0.01
    small = cv2.resize(guess, (LEAST_SIZE // 4, LEAST_SIZE // 4), interpolation=cv2.INTER_AREA)
    assert np.abs(calm[hole] - guess[hole]).mean() > 0.01 and np.abs(calm[hole].mean() - small[13:20, 13:20].mean()) < 0.05


def test_what_is_in_the_hole_is_not_seen(weights, photo):
    image, hole = photo
    inpainter = Inpainter(weights, iterations=1)
    assert inpainter.network.iterations == 1
    other = np.where(hole[..., np.newaxis] > 0, 255 - image, image)
    np.testing.assert_array_equal(inpainter(other, hole), inpainter(image, hole))


def test_the_first_guess_is_the_content_networks(weights, parts):
    """Enlarged with aligned corners, the middle for itself, in the hole alone."""
    content, (path, _) = load_network(weights), parts
    image = tf.random.stateless_uniform([1, LEAST_SIZE, LEAST_SIZE, 3], [0, 0], -1, 1)
    mask = np.zeros([1, LEAST_SIZE, LEAST_SIZE, 1], np.float32)
    mask[:, 50:80, 40:70] = 1
    made = load_network(path)(Inputs(image, tf.constant(mask))).composite
    np.testing.assert_allclose(content(Inputs(image, tf.constant(mask))).output, made, atol=1e-6)  # Sides are the same here.
    network = MODEL.network({"model": "context_encoder", "config": {"width": 2, "bottleneck": 4}}, [2] * 10, size=256)
    guess = network(Inputs(tf.repeat(tf.repeat(image, 2, 1), 2, 2), tf.repeat(tf.repeat(mask, 2, 1), 2, 2))).output
    small = network.content(Inputs(image, tf.constant(mask))).output
    np.testing.assert_allclose(guess[0, 127, 127], _between(small[0, 32:96, 32:96], 63 * 63 / 127), atol=1e-5)


def _between(picture, place):
    """A picture's value at a place on its diagonal."""
    first, share = int(place), place - int(place)
    ends = picture[first : first + 2, first : first + 2]
    return sum(
        weight * ends[row, column]
        for row in (0, 1)
        for column in (0, 1)
        for weight in [(share if row else 1 - share) * (share if column else 1 - share)]
    )


def test_a_loop_that_is_ended_gives_the_best_so_far(weights, photo):
    network, seen = load_network(weights), []
    hole = np.zeros([LEAST_SIZE, LEAST_SIZE], bool)
    hole[50:80, 50:80] = True
    guess = cv2.resize(photo[0], (LEAST_SIZE, LEAST_SIZE)) / np.float32(127.5) - 1

    def watch(done, count, value):
        seen.append(done)
        return done == STEPS + 1  # The second step of the second scale.

    network.watch = watch
    ended = network.synthesise(guess, hole)
    assert seen == list(range(STEPS + 2)) and ended.shape == (LEAST_SIZE, LEAST_SIZE, 3) and np.isfinite(ended).all()
    network.watch = None
    assert np.abs(ended - guess).max() > 0 and np.abs(ended - network.synthesise(guess, hole)).max() > 0


@pytest.mark.parametrize("values, ends, kept", [((3, 1, 2, 4), 2, 1), ((3, 1, 2, 4), None, 4), ((3, 2, np.nan), None, 1)])
def test_the_best_so_far_is_that_of_the_lowest_objective(weights, values, ends, kept):
    """If the loop is ended, or a value is no number; else the result is that of the last step, as released."""
    network, seen, scripted = load_network(weights), [], iter(values)
    network.watch = lambda done, count, value: done == ends

    def objective(picture):
        seen.append(picture)
        return [tf.constant(float(next(scripted)))], picture**3

    made, is_over = network._optimise(objective, tf.ones([2, 2, 3]), tf.ones([2, 2, 1]), 0, 1)
    assert is_over == (ends is not None) and len(seen) == min(len(values), (ends or 3) + 1)
    if kept < len(seen):
        np.testing.assert_array_equal(made, seen[kept])
    else:
        assert not any(np.array_equal(made, one) for one in seen)


def test_patches_are_of_what_is_known(weights, photo, monkeypatch):
    """Some are left out because of the hole, in all nine pictures; but for the smallest scale, where all touch it."""
    module, counts = MODEL.network.__module__, []

    class Counted(Objective):
        def __init__(self, network, content, sources, form, weights, holes):
            super().__init__(network, content, sources, form, weights, holes)
            counts.append((len(self.patches["relu4_1"]), len(sources), sum(hole.any() for hole in holes)))

    monkeypatch.setattr(sys.modules[module], "Objective", Counted)
    network = load_network(weights)
    network.iterations = 1
    guess = cv2.resize(photo[0], (LEAST_SIZE, LEAST_SIZE)) / np.float32(127.5) - 1
    hole = np.zeros([LEAST_SIZE, LEAST_SIZE], bool)
    network.synthesise(guess, hole)
    hole[50:80, 50:80] = True
    network.synthesise(guess, hole)
    assert [counted[1:] for counted in counts] == [(9, 0)] * 3 + [(9, 9)] * 3
    assert [with_hole[0] < without[0] for without, with_hole in zip(counts[:3], counts[3:])] == [False, True, True]


def test_control_and_c_keeps_the_photo_and_leaves_the_others(weights, photo, tmp_path, monkeypatch, capsys):
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), photo[0])
        cv2.imwrite(str(tmp_path / f"{name}_mask.png"), photo[1])
    watch, before = progress.LoopProgress._watch, signal.getsignal(signal.SIGINT)

    def interrupted(self, done, count, value):
        if done == 1:
            signal.raise_signal(signal.SIGINT)
        return watch(self, done, count, value)

    monkeypatch.setattr(progress.LoopProgress, "_watch", interrupted)
    options = CompletionOptions(image=tmp_path, mask=tmp_path, output=tmp_path / "out", weights=weights)
    outcomes = files.complete_files(options)
    assert [outcome.status for outcome in outcomes] == ["completed", "left_out"]
    assert "stopped before it" in outcomes[1].reason and "with the best so far" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_original_form_and_another_content_network(parts, photo, tmp_path):
    """The bundled DeepFill v2 makes the first guess."""
    default = load_network()
    network = MODEL.assemble("deepfill_v2", default, parts[1], {"form": "original", "size": LEAST_SIZE, "iterations": 2})
    told = []
    network.watch = lambda *what: told.append(what)
    image = tf.constant(cv2.resize(photo[0], (LEAST_SIZE, LEAST_SIZE))[np.newaxis] / np.float32(127.5) - 1)
    mask = np.zeros([1, LEAST_SIZE, LEAST_SIZE, 1], np.float32)
    mask[:, 50:80, 50:80] = 1
    made = network.inpaint(Inputs(image, tf.constant(mask)))
    np.testing.assert_array_equal(made.composite * (1 - mask), image * (1 - mask))
    assert len(told) == 6 and np.isfinite(made.output).all()
    np.testing.assert_allclose(made.stages["content"], default(Inputs(image, tf.constant(mask))).composite, atol=1e-5)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert loaded.get_config() == network.get_config()
    for name, variable in network.named_variables().items():
        np.testing.assert_array_equal(loaded.named_variables()[name], variable)


def test_it_is_evaluated_and_no_server_takes_it(weights, photo, tmp_path):
    assert "Neural patches" in Method(weights).description
    for refused in (lambda: export(weights, tmp_path / "served/1"), lambda: Models([str(weights)], "float32").load_all()):
        with pytest.raises(InputError, match="a loop .*gated-inpaint complete runs it"):
            refused()
    with pytest.raises(InputError, match="completes in one pass: leave out iterations"):
        Inpainter(iterations=3)
    options = MODEL.options(run_dir=str(tmp_path / "run"), data=str(tmp_path))
    with pytest.raises(InputError, match="train nothing: train a content network"):
        loop.train(MODEL, options)
    assert not (tmp_path / "run").exists()
    everywhere = np.ones(photo[1].shape, bool)
    with pytest.raises(InputError, match="nothing to complete it from"):
        Inpainter(weights).plan(everywhere)


def test_what_cannot_be_put_together_is_said(parts, tmp_path, capsys):
    content, texture = parts
    arrays = {}
    for place, layer in zip((0, 2, 5, 7, 10, 12, 14, 16, 19, 21), read_keras_h5(texture).values()):
        arrays[f"features.{place}.weight"], arrays[f"features.{place}.bias"] = layer["kernel"].transpose(3, 2, 0, 1), layer["bias"]
    torchvisions = write_state_dict(tmp_path / "vgg19.pth", arrays)
    target = tmp_path / "target.npz"
    for given, words in (
        ((content, target, tmp_path / "none.h5"), "no file"),
        (
            (content, target, torchvisions),
            "is torchvision's training, and neural patches need the authors' weights. Get Keras' vgg19",
        ),
        ((content, target, texture, "--settings=form=quick"), "The form is one of fast, original, paper, not 'quick'"),
        ((content, target, texture, "--settings=texture_weight=-1"), "Weights of the objective are 0 or more, not -1"),
        ((content, target, texture, "--settings=size=100"), "128 at least and a multiple of 4, not 100"),
        ((content, target, texture, "--settings=speed=3"), "settings {'speed': 3}"),
        ((content, target, texture, "--model=shift_net"), "its weights are no others' together"),
    ):
        assert convert(*given) == 1
        said = capsys.readouterr().err
        assert words in said and len(said.splitlines()) == 1
    assert main.run("weights", ["convert", str(content), str(target), "--texture_network=a"], "w") == 1
    assert "go with --model" in capsys.readouterr().err
    assert main.run("weights", ["convert", str(content), str(target), "--model=neural_patches"], "w") == 1
    assert "needs --texture_network" in capsys.readouterr().err
    assert not target.exists()
