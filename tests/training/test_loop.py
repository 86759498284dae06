"""Whole runs: small networks on small pictures, in processes that are stopped, killed, starved of disk, and resumed."""

import dataclasses
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import time

import numpy as np
import pytest
import tensorflow as tf
from efficientnet_lite_file import write_efficientnet_lite
from training_runs import as_killed_at, assert_same_state, start, state, wait_for, write_photos

from gated_inpaint import Inpainter, InputError
from gated_inpaint.models import registry
from gated_inpaint.models.deepfill_v2 import MODEL, Options
from gated_inpaint.models.options import read_saved
from gated_inpaint.training import loop
from gated_inpaint.training.loop import TrainingError
from gated_inpaint.training.run_directory import RunDirectory
from gated_inpaint.weights import read_weights

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), 11)


def options(photos, run_dir, **changed):
    small = dict(size=16, width=4, discriminator_width=4, batch_size=4, learning_rate=1e-3, steps=4, checkpoint_every=2)
    small["validation_masks"] = "union"
    return Options(**{"data": str(photos), "run_dir": str(run_dir), "summarize_every": 1, **small, **changed})


def train(options, override=False):
    loop.train(MODEL, options, override)


def scalars(run_dir, tag):
    """{step: value} of a TensorBoard scalar."""
    values = {}
    for path in sorted(pathlib.Path(run_dir, "tensorboard").iterdir()):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.tag == tag:
                    values[event.step] = float(tf.make_ndarray(value.tensor))
    return values


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """A run of 8 steps without a pause."""
    run_dir = tmp_path_factory.mktemp("straight") / "run"
    train(options(photos, run_dir, steps=8, validation_data=str(photos), validate_every=4))
    return run_dir


def test_a_run_explains_itself_and_its_weights_are_used(straight, photos):
    names = {path.name for path in straight.iterdir()}
    files = {
        "lock",
        "options.json",
        "log.txt",
        "photos.json",
        "photos.digest",
        "weights.npz",
        "networks.npz",
        "best.npz",
        "best.json",
    }
    assert names == files | {"checkpoints", "tensorboard"}
    assert json.loads((straight / "options.json").read_text())["steps"] == 8
    log = (straight / "log.txt").read_text()
    assert "11 photos in" in log and "Step 4: l1" in log and "Stopped at step 8 of 8" in log
    assert sorted(path.name for path in (straight / "checkpoints").glob("*.index")) == [f"step-{n}.index" for n in (4, 6, 8)]
    for tag in ("loss/generator", "loss/discriminator", "loss/reconstruction", "images_per_second"):
        assert set(scalars(straight, tag)) == set(range(1, 9))
    validated = scalars(straight, "validation/l1_in_hole")
    assert set(validated) == {4, 8} and min(validated.values()) == pytest.approx(
        json.loads((straight / "best.json").read_text())["l1_in_hole"]
    )
    inpainter = Inpainter(straight)
    best = read_weights(straight / "best.npz").arrays
    for name, variable in inpainter.network.named_variables().items():
        np.testing.assert_array_equal(variable, best[name])


def test_killed_and_resumed_is_the_same_as_straight(straight, photos, tmp_path):
    run = options(photos, tmp_path / "run", steps=8, validation_data=str(photos), validate_every=4)
    process = start(run)
    wait_for(tmp_path / "run/checkpoints/step-4.index", process)  # So that step 2 is complete, whatever step 4 is.
    process.send_signal(signal.SIGKILL)
    process.wait()
    train(run)
    assert "Resuming at step" in (tmp_path / "run/log.txt").read_text()
    assert_same_state(tmp_path / "run", straight)
    losses = scalars(tmp_path / "run", "loss/generator")
    assert losses == scalars(straight, "loss/generator")  # The same photos and masks, then, too.


def test_critics_on_features_are_resumed_and_begun_from(photos, tmp_path):
    network = write_efficientnet_lite(tmp_path / "lite0.pth")
    straight, resumed = (
        options(photos, tmp_path / name, steps=4, feature_network=str(network)) for name in ("straight", "resumed")
    )
    train(straight)
    as_killed_at(2, tmp_path / "straight", tmp_path / "resumed")
    train(resumed)
    assert_same_state(tmp_path / "straight", tmp_path / "resumed")
    assert any("feature_critics/block10/conv3/kernel" in name.replace(".S", "/") for name in state(tmp_path / "resumed"))
    kept = read_weights(tmp_path / "resumed/networks.npz").arrays
    begun = loop.make_trainer(MODEL, dataclasses.replace(resumed, init_weights=str(tmp_path / "resumed/networks.npz"), seed=1))
    for name, variable in begun.networks["feature_critics"].named_variables().items():
        np.testing.assert_array_equal(variable, kept[name])
    network.write_bytes(network.read_bytes() + b"more")
    with pytest.raises(InputError, match="has the MD5 .*, and this run needs"):
        train(resumed, override=True)


def test_compiled_steps_are_those_of_a_gpu_and_lose_the_same(straight, photos, tmp_path):
    made, make_trainer = [], loop.make_trainer

    def kept(*given):
        made.append(make_trainer(*given))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "make_trainer", kept)
        train(options(photos, tmp_path / "run", steps=2, xla="on"))
    assert made[0].networks["generator"].conv7_atrous.for_xla
    for tag in ("generator", "discriminator", "reconstruction"):
        compiled, plain = (scalars(run, f"loss/{tag}") for run in (tmp_path / "run", straight))
        np.testing.assert_allclose([compiled[step] for step in (1, 2)], [plain[step] for step in (1, 2)], rtol=1e-3)


def test_convolutions_in_blocks_are_prepared_for_xla_too():
    network = registry.find("global_local").network(width=4)
    dilated = [getattr(network, f"conv{number}").convolution for number in (7, 8, 9, 10)]
    assert not any(one.for_xla for one in dilated)
    loop.prepare_for_xla([network])
    assert all(one.for_xla for one in dilated)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_writes_a_checkpoint_and_exits_well(photos, tmp_path, number):
    process = start(options(photos, tmp_path / "run", steps=1_000_000, checkpoint_every=1_000_000))
    wait_for(tmp_path / "run/tensorboard", process)
    until = time.monotonic() + 120
    while not scalars(tmp_path / "run", "loss/generator") and time.monotonic() < until:
        time.sleep(0.2)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0, printed
    assert "stopping after this step" in printed
    assert list((tmp_path / "run/checkpoints").glob("step-*.index"))


def test_a_full_disk_leaves_the_last_checkpoint(photos, tmp_path, straight):
    """A limit on the size of files stands for the full disk: every write beyond it fails."""
    run_dir = as_killed_at(4, straight, tmp_path / "run")
    run = options(photos, run_dir, steps=8, validation_data=str(photos), validate_every=4)
    before = state(run_dir)
    size = max(path.stat().st_size for path in (run_dir / "checkpoints").iterdir()) // 2

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    printed, _ = start(run, limit=limit).communicate(timeout=120)
    assert "could not be written" in printed
    after = state(run_dir)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
    train(run)
    assert_same_state(run_dir, straight)


def test_a_loss_that_is_not_finite_stops_the_run(photos, tmp_path):
    train(options(photos, tmp_path / "run", steps=2))
    before, saved = state(tmp_path / "run"), tmp_path / "run/options.json"
    saved.write_text(json.dumps({**json.loads(saved.read_text()), "hole_weight": 1e39}))
    with pytest.raises(TrainingError, match="Step 3: a loss is not finite.*checkpoints/step-2"):
        train(options(photos, tmp_path / "run", steps=9, checkpoint_every=1, hole_weight=1e39), override=True)
    for name, value in state(tmp_path / "run").items():
        np.testing.assert_array_equal(value, before[name])


def test_other_options_are_refused_by_name(photos, tmp_path):
    train(options(photos, tmp_path / "run", steps=1))
    with pytest.raises(InputError, match="--width was 4 and is now 8.*another --run_dir"):
        train(options(photos, tmp_path / "run", steps=1, width=8), override=True)
    with pytest.raises(InputError, match="--steps was 1 and is now 2. They may change: add --override"):
        train(options(photos, tmp_path / "run", steps=2))
    train(options(photos, tmp_path / "run", steps=2), override=True)
    assert int(state(tmp_path / "run")["training/step/.ATTRIBUTES/VARIABLE_VALUE"]) == 2


def test_a_start_that_came_to_nothing_binds_no_other(photos, tmp_path):
    run = options(photos, tmp_path / "run", steps=1)
    (tmp_path / "few").mkdir()
    for data, words in ((tmp_path / "nowhere", "nowhere"), (write_photos(tmp_path / "few", 3), "--optimizer=Best")):
        with pytest.raises(InputError, match=words):  # Before any photo was read, and after.
            train(dataclasses.replace(run, data=str(data), optimizer="Best"))
    train(run)
    assert read_saved(tmp_path / "run/options.json")["data"] == str(photos)


def test_other_photos_are_noticed(photos, tmp_path):
    copied = shutil.copytree(photos, tmp_path / "photos")
    train(options(copied, tmp_path / "run", steps=1))
    (copied / "0.png").unlink()
    with pytest.raises(InputError, match="photos changed since .*--override"):
        train(options(copied, tmp_path / "run", steps=1))


def test_fine_tuning_starts_from_weights(photos, tmp_path, straight):
    train(options(photos, tmp_path / "run", steps=1, init_weights=str(straight), learning_rate=0.0))
    start_from, tuned = read_weights(straight).arrays, read_weights(tmp_path / "run").arrays
    for name, array in tuned.items():
        np.testing.assert_allclose(array, start_from[name], atol=1e-7)
    with pytest.raises(InputError, match="needs .*weights of another network"):
        train(options(photos, tmp_path / "other", width=8, init_weights=str(straight)))


def test_guided_run(photos, tmp_path):
    train(options(photos, tmp_path / "run", steps=1, sketch=True, validation_data=str(photos)))
    assert Inpainter(tmp_path / "run").network.takes_sketch


@pytest.mark.parametrize("convolution", ["partial", "vanilla"])
def test_a_run_keeps_its_convolution(photos, tmp_path, straight, convolution):
    train(options(photos, tmp_path / "run", steps=1, convolution=convolution))
    inpainter = Inpainter(tmp_path / "run", eager=True)
    assert inpainter.network.convolution == convolution
    image, mask = np.zeros((16, 24, 3), np.uint8), np.eye(16, 24)
    assert inpainter(image, mask)[mask > 0].any()

    with pytest.raises(InputError, match=f"--convolution was '{convolution}' and is now 'gated'.*another --run_dir"):
        train(options(photos, tmp_path / "run", steps=2), override=True)
    with pytest.raises(InputError, match="no variable inpaint_net_.*weights of another network"):
        train(options(photos, tmp_path / "other", convolution=convolution, init_weights=str(straight)))


def test_options_of_older_runs_are_understood(tmp_path):
    """They name no model and no convolution, call the EMA's decay otherwise, and their schedule ends with their steps."""
    saved = vars(options("photos", tmp_path, ema_decay=0.9, learning_rate_decay="cosine", steps=7)).copy()
    assert (saved.pop("convolution"), saved.pop("decay_steps")) == ("gated", 0)
    saved["average_decay"] = saved.pop("ema_decay")
    (tmp_path / "options.json").write_text(json.dumps(saved))
    (tmp_path / "weights.npz").touch()
    now = options("photos", tmp_path, ema_decay=0.9, learning_rate_decay="cosine", steps=9)
    run = RunDirectory(MODEL, now, override=True)
    assert run.options.decay_steps == 7 and run.changed == [("steps", 7, 9)]


@pytest.mark.parametrize(
    "changed, words",
    [
        (dict(convolution="dense"), "gated, partial, vanilla, not 'dense'"),
        (dict(convolution="partial", sketch=True), "do not see what lies in the hole"),
        (dict(size=20), "multiple of 8, not 20"),
        (dict(data=""), "--data is needed"),
        (dict(masks="squares"), "squares"),
        (dict(optimizer="Best"), "--optimizer=Best"),
        (dict(batch_size=0), "at least 1, not 0"),
        (dict(xla="maybe"), "auto, on, off, not 'maybe'"),
        (dict(distribution_strategy="multi_worker_mirrored"), "TF_CONFIG"),
        (dict(data="/nowhere"), "/nowhere"),
    ],
)
def test_bad_options_are_named(photos, tmp_path, changed, words):
    with pytest.raises(InputError, match=words):
        train(options(photos, tmp_path / "run", **changed))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start_workers(run, count=2):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(count)]}
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    return [start(run, {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}) for task in tasks]


@pytest.mark.parametrize("strategy, optimizer", [("mirrored", "Adam"), ("mirrored", "SGD"), ("multi_worker_mirrored", "SGD")])
def test_two_replicas_compute_what_one_would(photos, tmp_path, strategy, optimizer, two_replicas, monkeypatch):
    chosen = dict(steps=10, optimizer=optimizer, checkpoint_every=10)
    train(options(photos, tmp_path / "one", **chosen))
    two = options(photos, tmp_path / "two", distribution_strategy=strategy, **chosen)
    if strategy == "mirrored":
        asked_for = []
        monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda devices: asked_for.append(devices) or two_replicas)
        train(two)
        assert asked_for == [["/device:CPU:0", "/device:CPU:1"]]
    else:
        workers = start_workers(two)
        for worker in workers:
            printed, _ = worker.communicate(timeout=240)
            assert worker.returncode == 0, printed
    for tag in ("loss/generator", "loss/discriminator", "loss/reconstruction"):
        one, both = scalars(tmp_path / "one", tag), scalars(tmp_path / "two", tag)
        np.testing.assert_allclose([both[step] for step in one], list(one.values()), atol=1e-4)
    if optimizer == "SGD":
        for name, array in read_weights(tmp_path / "one").arrays.items():
            np.testing.assert_allclose(read_weights(tmp_path / "two").arrays[name], array, atol=1e-6, err_msg=name)


def test_when_a_worker_dies_the_other_says_so_and_the_job_resumes(photos, tmp_path):
    run = options(photos, tmp_path / "run", steps=1_000_000, distribution_strategy="multi_worker_mirrored", checkpoint_every=2)
    workers = start_workers(run)
    wait_for(tmp_path / "run/checkpoints/step-2.index", workers[0], 240)
    workers[1].kill()
    printed, _ = workers[0].communicate(timeout=120)
    workers[1].communicate()
    assert workers[0].returncode == 1 and "another worker is gone" in printed.splitlines()[-1], printed
    reached = int(state(tmp_path / "run")["training/step/.ATTRIBUTES/VARIABLE_VALUE"])
    train(options(photos, tmp_path / "run", steps=reached + 1), override=True)
    assert f"Resuming at step {reached}" in (tmp_path / "run/log.txt").read_text()


def test_a_second_process_in_the_same_run_is_refused(photos, tmp_path):
    run = options(photos, tmp_path / "run", steps=1)
    with RunDirectory(MODEL, run).held():
        # Of this process, too: the lock belongs to an open file.
        with pytest.raises(InputError, match=rf"run is in use: process {os.getpid()} on .* trains there"):
            train(run)
    train(run)  # The file of a lock that nobody holds is no lock.
    assert (tmp_path / "run/lock").exists()


def test_what_a_kill_left_unfinished_is_removed_at_the_next_start(photos, tmp_path):
    run = options(photos, tmp_path / "run", steps=2)
    train(run)
    left = [tmp_path / "run" / name for name in (".weights.npz.k3x8", ".options.json.17.part", "checkpoints/step-9_temp")]
    for path in left[::2]:
        path.mkdir()
        (path / "part").write_text("half")
    left[1].write_text("half")
    headless = tmp_path / "run/checkpoints/step-9.data-00000-of-00001"
    headless.write_text("half")
    kept = tmp_path / "run/.mine"
    kept.write_text("a person's")
    train(run)
    assert not any(path.exists() for path in [*left, headless]) and kept.exists()


def test_a_newest_checkpoint_that_cannot_be_read_is_named_and_the_one_before_taken(photos, tmp_path, straight):
    copied = shutil.copytree(straight, tmp_path / "run")  # A run may lie elsewhere than where it began.
    for path in (copied / "checkpoints").glob("step-8.*"):
        path.write_bytes(path.read_bytes()[:100])
    run = options(photos, copied, steps=8, validation_data=str(photos), validate_every=4)
    train(run)
    log = (copied / "log.txt").read_text()
    assert "step-8 cannot be read" in log and "Resuming at step 6" in log
    assert_same_state(copied, straight)
    for path in (copied / "checkpoints").glob("step-*"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="None of the 3 checkpoints"):
        train(run)


def test_more_steps_do_not_move_the_schedule(photos, tmp_path):
    decaying = dict(learning_rate_decay="cosine", checkpoint_every=4)
    train(options(photos, tmp_path / "run", steps=4, **decaying))
    before = state(tmp_path / "run")
    train(options(photos, tmp_path / "run", steps=5, **decaying), override=True)
    log = (tmp_path / "run/log.txt").read_text()
    assert "--steps was 4 and is now 5" in log and log.count("reaches zero at step 4 of 5: nothing is learned from there on") == 1
    kernel = "training/saved_variables/generator/inpaint_net.Sallconv17.Skernel/.ATTRIBUTES/VARIABLE_VALUE"
    np.testing.assert_array_equal(state(tmp_path / "run")[kernel], before[kernel])  # The rate is zero.
