"""The training loop, from options to a run's folder; see `run_directory` for what it leaves there.

It trains any model by its `Trainer` and knows no loss. A run can be stopped and killed at any moment, and goes on from its newest
checkpoint exactly as if nothing had happened: what example k of the stream is follows from the seed alone, and a resumed run starts
the stream where the checkpoint was written.
"""

import contextlib
import math
import signal
import sys
import time

import tensorflow as tf
import tqdm
from absl import logging
from tensorflow import keras

from gated_inpaint.data import find_photos, training_examples, validation_examples
from gated_inpaint.errors import InputError, first_line
from gated_inpaint.layers import VanillaConv2D
from gated_inpaint.masks import mask_function
from gated_inpaint.models.added_losses import added_losses
from gated_inpaint.models.contract import Model, Trainer
from gated_inpaint.models.options import TrainingOptions
from gated_inpaint.training.batches import add_masks
from gated_inpaint.training.checkpoints import Checkpoints
from gated_inpaint.training.devices import has_gpu, make_strategy, worker_of
from gated_inpaint.training.run_directory import RunDirectory
from gated_inpaint.training.validation import Validation
from gated_inpaint.weights import assign_arrays, read_weights
from gated_inpaint.weights.loading import KERAS_DTYPES


class TrainingError(RuntimeError):
    """The run cannot go on; its message says why, and what is kept."""


def train(model: Model, options: TrainingOptions, override: bool = False) -> None:
    """Trains until `options.steps`, or until the process is asked to stop (SIGTERM or SIGINT): then a checkpoint is written first.

    Arguments:
      model: a `Model`.
      options: its `TrainingOptions`.
      override: resume a run although options changed that may change on resume.

    Raises:
      InputError: options, data or weights cannot be used.
      TrainingError: a loss is not finite, or another worker is gone. The last checkpoint is intact.
    """
    # The run's devices and its folder.
    options.check()
    strategy = make_strategy(options.distribution_strategy)
    worker, workers = worker_of(strategy)
    if options.batch_size % strategy.num_replicas_in_sync:
        raise InputError(f"--batch_size={options.batch_size} cannot be shared by {strategy.num_replicas_in_sync} devices.")
    run = RunDirectory(model, options, override, is_chief=worker == 0)
    options = run.options

    with run.held(), run.logged(), _stop_signals() as stop:
        for name, was, now in run.changed:
            logging.info("--%s was %r and is now %r.", name, was, now)

        # Photos.
        record = run.path / "photos.json" if run.is_chief else None
        photos = find_photos(options.data, options.wants_sketch, options.max_bad_fraction, record)
        logging.info("%d photos in %s.", len(photos), options.data)
        run.check_same_photos(photos, override)

        # The trainer, new or from the newest checkpoint.
        with strategy.scope():
            trainer = make_trainer(model, options)
        checkpoints = Checkpoints(run.path / "checkpoints", trainer, options.keep_checkpoints)
        if run.is_chief:
            checkpoints.remove_unfinished()
        if checkpoints.restore():
            logging.info("Resuming at step %d.", trainer.steps_done())
        else:
            trainer.prepare(validation_examples(photos, options.size, min(options.batch_size, len(photos)), options.fit))
        first = trainer.steps_done()

        # What is shown and kept.
        validation = None
        if options.validation_data and run.is_chief:
            held_out = find_photos(options.validation_data, options.wants_sketch, options.max_bad_fraction)
            validation = Validation(held_out, options, trainer.completing_network)
        summaries = tf.summary.create_noop_writer()
        if run.is_chief:
            summaries = tf.summary.create_file_writer(str(run.path / "tensorboard"))
        progress = tqdm.tqdm(total=options.steps, initial=first, unit="step", disable=not run.is_chief, mininterval=1)

        batches = iter(_batches(photos, options, first * trainer.batches_per_step, strategy, (worker, workers)))
        one_step = _distributed_step(strategy, trainer, options)
        with summaries.as_default(), progress as bar:
            started = time.monotonic()
            for step in range(first + 1, options.steps + 1):
                # A step.
                try:
                    scalars, stop_asked = one_step(batches, trainer.phase(step), stop.asked)
                except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
                    raise TrainingError(
                        f"Step {step}: another worker is gone ({first_line(error)}). "
                        "Start all workers again: they go on from the checkpoint."
                    ) from error
                if not all(map(math.isfinite, scalars.values())):
                    kept = checkpoints.newest() or "none was written yet"
                    raise TrainingError(
                        f"Step {step}: a loss is not finite ({_shown(scalars)}). The newest checkpoint is kept: {kept}."
                    )

                if trainer.added_losses is not None and not trainer.added_losses.called:
                    raise InputError(f"Training {model.name} adds no losses of options: leave out {_added(trainer)}.")

                # What it says.
                rate = options.batch_size * trainer.batches_per_step / (time.monotonic() - started)
                started = time.monotonic()
                bar.set_postfix_str(f"{_shown(scalars)}, {rate:.1f} images/s", refresh=False)
                bar.update()
                if step % options.summarize_every == 0:
                    for name, value in scalars.items():
                        tf.summary.scalar(f"loss/{name}", value, step)
                    tf.summary.scalar("images_per_second", rate, step)

                # What it leaves.
                is_last = step == options.steps or stop_asked
                if validation and (step % options.validate_every == 0 or step == options.steps):
                    _validate(validation, run, trainer, step)
                if is_last or step % options.checkpoint_every == 0:
                    tf.summary.flush()
                    run.save(checkpoints, trainer)
                if is_last:
                    break
        logging.info("Stopped at step %d of %d.", trainer.steps_done(), options.steps)


def make_trainer(model: Model, options: TrainingOptions) -> Trainer:
    """The trainer of a run, with initial weights from the options' seed or weights."""
    keras.utils.set_random_seed(options.seed)
    trainer = model.build(options, KERAS_DTYPES[options.precision])
    trainer.added_losses = added_losses(options)
    if options.init_weights:
        weights = read_weights(options.init_weights)
        if weights.model.name != model.name:
            raise InputError(f"{options.init_weights} holds weights of {weights.model.name}, not of {model.name}.")
        for name, network in trainer.networks.items():
            variables = network.named_variables()
            # A file of the completing network alone leaves its critics as they are.
            if name in ("generator", "ema_generator") or any(map(weights.arrays.__contains__, variables)):
                assign_arrays(variables, weights.arrays, options.init_weights)
        made, learned = trainer.networks["generator"].get_config(), trainer.networks["generator"].learned_in_training
        for name, value in weights.config.items():
            if name not in learned and made.get(name, value) != value:  # Not every such difference is seen in a shape.
                raise InputError(
                    f"{options.init_weights} holds weights of a network with {name} {value!r}, and this run trains one with "
                    f"{made[name]!r}."
                )
    elif "ema_generator" in trainer.networks:
        for ema, variable in zip(trainer.networks["ema_generator"].variables, trainer.networks["generator"].variables):
            ema.assign(variable)
    return trainer


def _batches(photos, options, first, strategy, shard):
    """This worker's batches from number `first` on: of each, one for each of its replicas."""
    # Not a distributed dataset: TensorFlow's tunes itself, and then does not end for up to a minute (see `without_autotune`).
    masks = mask_function(options.masks)
    batch_size = options.batch_size // strategy.num_replicas_in_sync
    start = first * options.batch_size
    examples = training_examples(photos, options.size, batch_size, options.seed, start, shard, options.fit, options.flip)
    with_masks = examples.map(lambda example: add_masks(example, masks, options.seed, options.size), tf.data.AUTOTUNE)
    return with_masks.prefetch(2)


def _distributed_step(strategy, trainer, options):
    """A function of an iterator of batches, a phase, and whether this worker was asked to stop.

    It makes a step and returns {name: float}, and whether any worker was asked to stop.
    """
    compiled = options.xla == "on" or (options.xla == "auto" and has_gpu())

    def replica_step(batches, phase):
        scalars = trainer.step(batches, phase)
        trainer.step_counter.assign_add(1)
        return scalars

    if compiled:
        prepare_for_xla(trainer.networks.values())
        replica_step = tf.function(replica_step, jit_compile=True, autograph=False)

    @tf.function(autograph=False)
    def traced_step(batches, stop_asked, phase):
        def on_replica(batches, stop_asked):
            return replica_step(batches, phase), tf.identity(stop_asked)

        scalars, stop_asked = strategy.run(on_replica, (batches, stop_asked))
        return {name: strategy.reduce("SUM", value, axis=None) for name, value in scalars.items()}, strategy.reduce(
            "SUM", stop_asked, axis=None
        )

    def one_step(batches, phase, stop_asked):
        taken = tuple(
            strategy.experimental_distribute_values_from_function(lambda _: next(batches)) for _ in range(trainer.batches_per_step)
        )
        scalars, stop_asked = traced_step(taken, tf.constant(float(stop_asked)), phase)
        return {name: float(value) for name, value in scalars.items()}, bool(stop_asked)

    return one_step


def prepare_for_xla(networks):
    """Has their convolutions compute as XLA compiles them best; see `VanillaConv2D.for_xla`."""
    for network in networks:
        for layer in network.layers:
            convolution = getattr(layer, "convolution", layer)  # A block's, or the layer itself.
            if isinstance(convolution, VanillaConv2D):
                convolution.for_xla = True


def _added(trainer):
    return " and ".join(f"--{name}_weight" for name in trainer.added_losses.weights)


def _shown(scalars):
    return ", ".join(f"{name} {value:.3f}" for name, value in scalars.items())


def _validate(validation, run, trainer, step):
    metrics, grid = validation.run()
    logging.info("Step %d: %s", step, _shown(metrics))
    for name, value in metrics.items():
        tf.summary.scalar(f"validation/{name}", value, step)
    tf.summary.image("validation/photo, hole, stages, completed, attention", grid, step)
    if metrics["l1_in_hole"] < run.best_so_far():
        run.save_best(trainer, step, metrics)


class _Stop:
    asked = False


@contextlib.contextmanager
def _stop_signals():
    """Turns SIGTERM and SIGINT into a wish to stop after the current step; a second one ends the process as ever."""
    stop, before = _Stop(), {}

    def ask(number, _):
        stop.asked = True
        print(f"\n{signal.Signals(number).name}: stopping after this step, with a checkpoint.", file=sys.stderr)
        for other, handler in before.items():
            signal.signal(other, handler)

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
