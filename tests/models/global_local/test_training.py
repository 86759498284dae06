"""Losses, gradients, phases and steps against the PyTorch port, and what a run needs of them.

Gradients are compared in float64: those of the reference data were computed so, and cross kinks of the ReLU otherwise.
"""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from global_local_reference import File, first_rows, in_torchs_layout, port_discriminator, port_name, port_network
from tensorflow import keras

from gated_inpaint import masks
from gated_inpaint.models.global_local import Options, Trainer, training
from gated_inpaint.models.optimizers import make_optimizer
from gated_inpaint.training.checkpoints import Checkpoints
from gated_inpaint.types import Batch, Inputs

FILE = File("relu_norm_training.npz")


class Recorder:
    """In an optimiser's place: remembers the gradients of each step and changes nothing."""

    def __init__(self):
        self.steps = []

    def build(self, variables):
        pass

    def apply_gradients(self, gradients_and_variables):
        self.steps.append([gradient for gradient, _ in gradients_and_variables])


def adadelta():
    return make_optimizer("Adadelta", 1.0, epsilon=1e-6, rho=0.9)


def reference_trainer(folder, optimizer, dtype="float32", **options):
    networks = port_network(folder / "port", dtype), port_discriminator(dtype=dtype)
    return Trainer(*networks, optimizer(), optimizer(), Options(**{"size": 64, "layer_order": "relu_norm", **options}))


def box_of(name, batch=4):
    top, left, height, width = FILE[name]
    return tf.constant([[[top, left], [top + height, left + width]]] * batch, tf.int32)


def reference_batch():
    image, mask = FILE.pictures()
    seeds = tf.constant([[0, index] for index in range(len(image))], tf.int64)
    return Batch(Inputs(tf.constant(image), tf.constant(mask)), box_of("fake_box"), seeds)


@pytest.fixture
def reference_boxes(monkeypatch):
    """The box of the reference data in photos, in place of random ones."""
    monkeypatch.setattr(Trainer, "photos_boxes", lambda self, seeds: box_of("real_box"))


def relative_errors(network, gradients, expected):
    """{port's name: relative error of the gradient}; expected: {port's name: array, or its first rows}."""
    ids = {id(variable): name for name, variable in network.named_variables().items()}
    errors = {}
    for variable, gradient in zip(network.trainable_variables, gradients):
        name = ids[id(variable)]
        reference = expected[port_name(name)]
        made = first_rows(in_torchs_layout(name, gradient), reference)
        errors[port_name(name)] = np.linalg.norm(made - reference) / np.linalg.norm(reference)
    assert errors.keys() == expected.keys()
    return errors


def run_in_graph(train, recorder, *arguments):
    """What a step returns, and the gradients that its recorder was given."""
    return tf.function(lambda *given: (train(*given), recorder.steps), autograph=False)(*arguments)


def pass_alone():
    """The reference data of the completion network alone: its batch, and the file."""
    case = File("relu_norm_completion.npz", "train/")
    image, mask = case.pictures()
    batch = Batch(Inputs(tf.constant(image), tf.constant(mask)), box_of("fake_box", 3), tf.zeros([3, 2], tf.int64))
    return case, batch


def test_a_pass_of_the_completion_network_agrees_with_the_port(tmp_path):
    case, batch = pass_alone()
    trainer = reference_trainer(tmp_path, Recorder)
    before = {name: variable.numpy() for name, variable in trainer.generator.named_variables().items()}
    made = trainer.generator(batch.inputs, training=True, moves_statistics=False).output / 2 + 0.5
    np.testing.assert_allclose(first_rows(made, case["output"]), case["output"], atol=1e-3)
    losses, (gradients,) = run_in_graph(trainer.train_completion, trainer.generator_optimizer, batch)
    np.testing.assert_allclose(losses["reconstruction"], case["loss"], rtol=1e-4)
    after = case.arrays("after/")
    for name, variable in trainer.generator.named_variables().items():
        if name != "completion/mean" and port_name(name) in after:
            np.testing.assert_allclose(variable, after.pop(port_name(name)), atol=1e-4, err_msg=name)
            assert np.abs(variable - before[name]).max() > 1e-3
    assert not after
    assert max(relative_errors(trainer.generator, gradients, case.arrays("grad/")).values()) < 5e-2


def test_every_gradient_of_the_completion_network_agrees_in_float64(tmp_path):
    case, batch = pass_alone()
    trainer = reference_trainer(tmp_path, Recorder, "float64")
    losses, (gradients,) = run_in_graph(trainer.train_completion, trainer.generator_optimizer, batch)
    np.testing.assert_allclose(losses["reconstruction"], case["loss"], rtol=1e-6)
    errors = relative_errors(trainer.generator, gradients, case.arrays("grad/"))
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_of_adadelta_agree_with_the_port(tmp_path, dtype):
    case, batch = pass_alone()
    trainer = reference_trainer(tmp_path, adadelta, dtype)
    step = tf.function(trainer.train_completion)
    losses = np.array([step(batch)["reconstruction"] for _ in range(4)])
    tolerances = [1e-3, 1e-3, 5e-3, 5e-2] if dtype == "float32" else [1e-6] * 4
    assert (np.abs(losses / case["adadelta_losses"] - 1) < tolerances).all()
    if dtype == "float64":
        weight = in_torchs_layout("kernel", trainer.generator.conv1.convolution.kernel)
        np.testing.assert_allclose(weight, case["adadelta_after/conv1.weight"], atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_and_gradients_of_both_players_agree_with_the_port(tmp_path, reference_boxes, dtype):
    trainer, batch = reference_trainer(tmp_path, Recorder, dtype), reference_batch()

    def all_phases(batch):
        players = trainer.discriminator_optimizer, trainer.generator_optimizer
        return trainer.step((batch,), "discriminator"), trainer.step((batch,), "both"), [one.steps for one in players]

    alone, both, (of_phases, (of_generator,)) = tf.function(all_phases, autograph=False)(batch)
    close = dict(rtol=5e-4 if dtype == "float32" else 1e-5)
    np.testing.assert_allclose(alone["discriminator"], FILE["loss/discriminator_phase2"], **close)
    np.testing.assert_allclose(FILE["alpha"] * both["discriminator"], FILE["loss/discriminator_phase3"], **close)
    np.testing.assert_allclose(both["reconstruction"], FILE["loss/mse"], **close)
    np.testing.assert_allclose(both["adversarial"], FILE["loss/adversarial"], **close)
    np.testing.assert_allclose(both["generator"], FILE["loss/completion_phase3"], **close)
    assert alone.keys() == {"discriminator"}

    tolerance = 5e-2 if dtype == "float32" else 1e-5
    expected = FILE.arrays("grad_d_phase2/")
    assert max(relative_errors(trainer.discriminator, of_phases[0], expected).values()) < tolerance
    weighed = {name: FILE["alpha"] * gradient for name, gradient in expected.items()}
    assert max(relative_errors(trainer.discriminator, of_phases[1], weighed).values()) < tolerance
    check_norms(trainer.generator, of_generator, FILE.arrays("norm_g_phase3/"), tolerance)


def check_norms(network, gradients, expected, tolerance):
    """Of gradients in the order of trainable_variables against {port's name: norm}."""
    ids = {id(one): port_name(name) for name, one in network.named_variables().items() if one.trainable}
    norms = {ids[id(variable)]: np.linalg.norm(one) for variable, one in zip(network.trainable_variables, gradients)}
    assert norms.keys() == expected.keys()
    for name, norm in norms.items():
        np.testing.assert_allclose(norm, expected[name], rtol=tolerance, err_msg=name)


def test_scores_and_the_adversarial_gradient_agree_with_the_port(tmp_path):
    trainer, batch = reference_trainer(tmp_path, Recorder, "float64"), reference_batch()
    with tf.GradientTape() as tape:
        completion = trainer.generator(batch.inputs, training=True)
        scores = trainer._scores(completion.output, batch.box)
        loss = training.binary_cross_entropy(scores, 1.0)
    output = completion.output / 2 + 0.5
    np.testing.assert_allclose(first_rows(output, FILE["output"]), FILE["output"], atol=1e-5)
    np.testing.assert_allclose(tf.sigmoid(scores), FILE["fake_score"], atol=1e-5)
    of_photos = trainer._scores(batch.inputs.image, box_of("real_box"))
    np.testing.assert_allclose(tf.sigmoid(of_photos), FILE["real_score"], atol=1e-5)
    gradients = tape.gradient(loss, trainer.generator.trainable_variables)
    check_norms(trainer.generator, gradients, FILE.arrays("norm_g_adversarial/"), 1e-5)


def small_trainer(**options):
    keras.utils.set_random_seed(0)
    given = {"size": 32, "width": 4, "discriminator_width": 2, **options}
    return training.build(Options(**given), "float32")


def small_batch(seed=0):
    seeds = tf.constant([[seed, index] for index in range(4)], tf.int64)
    mask, box = masks.rectangle_in_box(seeds, 32, 32)
    smooth = tf.image.resize(tf.random.stateless_uniform([4, 4, 4, 3], [seed, 0], -1, 1), [32, 32])
    return Batch(Inputs(smooth, mask), box, seeds)


def values(network):
    return {name: variable.numpy() for name, variable in network.named_variables().items()}


def changed(network, before):
    """Whether anything trained, and whether any running statistic moved."""
    now = values(network)
    moved = {name for name in now if not np.array_equal(now[name], before[name])}
    return any("moving" not in name for name in moved), any("moving" in name for name in moved)


@pytest.mark.parametrize(
    "phase, slips, of_generator, of_discriminator",
    [
        ("completion", False, (True, True), (False, False)),
        ("discriminator", False, (False, False), (True, True)),
        ("discriminator", True, (False, True), (True, True)),  # The port's second phase.
        ("both", False, (True, True), (True, True)),
    ],
)
def test_who_trains_in_a_phase(phase, slips, of_generator, of_discriminator):
    trainer = small_trainer(port_slips=slips)
    before = values(trainer.generator), values(trainer.discriminator)
    scalars = trainer.step((small_batch(),), phase)
    assert changed(trainer.generator, before[0]) == of_generator
    assert changed(trainer.discriminator, before[1]) == of_discriminator
    assert ("discriminator" in scalars) == of_discriminator[0] and ("reconstruction" in scalars) == of_generator[0]


def test_phases_follow_each_other_as_in_the_paper():
    trainer = small_trainer()
    phases = [trainer.phase(step) for step in (1, 90_000, 90_001, 100_000, 100_001, 500_000)]
    assert phases == ["completion"] * 2 + ["discriminator"] * 2 + ["both"] * 2
    assert {small_trainer(adversarial_weight=0.0).phase(step) for step in (1, 95_000, 500_000)} == {"completion"}
    for optimizer in trainer.optimizers.values():
        assert isinstance(optimizer, keras.optimizers.Adadelta)
        assert (float(optimizer.learning_rate), optimizer.rho, optimizer.epsilon) == (1.0, 0.9, 1e-6)


def test_the_completion_network_is_scored_by_the_updated_discriminator():
    trainer, apart = small_trainer(), small_trainer()
    batch = small_batch()
    adversarial = float(trainer.step((batch,), "both")["adversarial"])
    completion = apart.generator(batch.inputs, training=True)
    before = float(training.binary_cross_entropy(apart._scores(completion.output, batch.box, False), 1.0))
    apart._step_of_discriminator(batch, completion, 4e-4)
    after = float(training.binary_cross_entropy(apart._scores(completion.output, batch.box, False), 1.0))
    assert adversarial == pytest.approx(after, rel=1e-5) and abs(after - before) > 1e-4


def test_the_ports_slip_is_an_option_and_adds_what_was_left():
    """Gradients that the network's step leaves on the discriminator are in the discriminator's next step, there alone."""
    steps = {}
    for slips in (False, True):
        trainer = small_trainer(port_slips=slips)
        trainer.generator_optimizer, trainer.discriminator_optimizer = Recorder(), Recorder()
        for seed in range(2):
            trainer.step((small_batch(seed),), "both")
        steps[slips] = trainer.discriminator_optimizer.steps
    for clean, same in zip(steps[False][0], steps[True][0]):
        np.testing.assert_allclose(same, clean, rtol=1e-5, atol=1e-9)
    first = small_batch(0)
    with tf.GradientTape() as tape:
        scores = trainer._scores(trainer.generator(first.inputs, training=True).output, first.box)
        left_loss = 0.5 * 4e-4 * training.binary_cross_entropy(scores, 1.0)
    left = tape.gradient(left_loss, trainer.discriminator.trainable_variables)
    for clean, other, expected in zip(steps[False][1], steps[True][1], left):
        np.testing.assert_allclose(other - clean, expected, rtol=1e-3, atol=1e-8)
    assert max(np.abs(gradient).max() for gradient in left) > 1e-6


def test_a_checkpoint_holds_what_was_left(tmp_path):
    trainer, other = small_trainer(port_slips=True), small_trainer(port_slips=True)
    trainer.left_gradients.leave([tf.random.stateless_normal(one.shape, [0, 0]) for one in trainer.left_gradients.gradients])
    Checkpoints(tmp_path, trainer, 1).save()
    assert Checkpoints(tmp_path, other, 1).restore()
    for restored, saved in zip(other.left_gradients.gradients, trainer.left_gradients.gradients):
        np.testing.assert_array_equal(restored, saved)
        assert np.any(saved)


def test_what_the_discriminator_is_shown():
    """Raw outputs, or pasted into the photo."""
    batch, shown = small_batch(), {}
    for option in ("output", "composite"):
        trainer = small_trainer(shown=option)
        completion = trainer.generator(batch.inputs, training=True)
        shown[option] = trainer._shown(completion)
        known = batch.inputs.mask[..., 0] == 0
        assert np.array_equal(shown[option][known], batch.inputs.image[known]) == (option == "composite")
    np.testing.assert_array_equal(shown["output"][~known], shown["composite"][~known])


def test_crops_of_photos_are_at_places_of_their_own():
    trainer, batch = small_trainer(), small_batch()
    seeds = tf.stack([tf.zeros([300], tf.int64), tf.range(300, dtype=tf.int64)], axis=1)
    draw = tf.function(lambda seeds: (trainer.photos_boxes(seeds), masks.rectangle_in_box(seeds, 32, 32)[1]), autograph=False)
    boxes, holes = (drawn.numpy() for drawn in draw(seeds))
    np.testing.assert_array_equal(trainer.photos_boxes(seeds[5:7]), boxes[5:7])
    assert (boxes[:, 1] - boxes[:, 0] == 16).all() and boxes.min() == 0 and boxes.max() == 32
    assert abs(np.corrcoef(boxes[:, 0, 0], holes[:, 0, 0])[0, 1]) < 0.15
    with pytest.raises(ValueError, match="masks that come with boxes"):
        trainer.step((batch._replace(box=None),), "completion")


def test_the_mean_colour_is_that_of_the_photos():
    trainer = small_trainer()
    rng = np.random.default_rng(0)
    pictures = [rng.uniform(-1, 0.2, (size, 32, 32, 3)).astype(np.float32) for size in (4, 4, 1)]
    trainer.prepare(tf.data.Dataset.from_generator(lambda: ({"image": one} for one in pictures), {"image": tf.float32}))
    np.testing.assert_allclose(trainer.generator.mean, np.concatenate(pictures).mean((0, 1, 2)) / 2 + 0.5, atol=1e-6)
    trainer.options = dataclasses.replace(trainer.options, init_weights="weights.npz")
    before = trainer.generator.mean.numpy()
    trainer.prepare([{"image": np.ones([1, 4, 4, 3])}])  # These go on with the mean that they were trained with.
    np.testing.assert_array_equal(trainer.generator.mean, before)


def test_losses_fall():
    trainer, batch = small_trainer(width=8), small_batch()
    for phase, name, steps in (("completion", "reconstruction", 6), ("discriminator", "discriminator", 6)):
        step = tf.function(trainer.step, autograph=False)
        losses = [float(step((batch,), phase)[name]) for _ in range(steps)]
        assert losses[-1] < 0.8 * losses[0], (phase, losses)


def test_replicas_add_up_to_one_device(two_replicas):
    """Two pictures on each of two devices: losses, variables and what is left as of all four on one."""
    batch, strategy = small_batch(), two_replicas
    options = dict(optimizer="SGD", learning_rate=0.01, adversarial_weight=1.0, port_slips=True)
    alone = small_trainer(**options)
    expected = alone.step((batch,), "both")
    with strategy.scope():
        trainer = small_trainer(**options)

    def half_of(tensor):
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        return None if tensor is None else tf.gather(tf.reshape(tensor, [2, 2, *tensor.shape[1:]]), index)

    def on_replica():
        return trainer.step((tf.nest.map_structure(half_of, batch),), "both")

    made = strategy.run(on_replica)
    for name, value in expected.items():
        np.testing.assert_allclose(strategy.reduce("SUM", made[name], axis=None), value, rtol=2e-4, err_msg=name)
    for one, other in ((trainer.generator, alone.generator), (trainer.discriminator, alone.discriminator)):
        for name, variable in one.named_variables().items():
            np.testing.assert_allclose(variable, other.named_variables()[name], atol=1e-4, err_msg=name)
    of_both, of_one = (
        float(tf.linalg.global_norm([tf.convert_to_tensor(one) for one in each.left_gradients.gradients]))
        for each in (trainer, alone)
    )
    assert of_both == pytest.approx(of_one, rel=1e-2)
