"""The training loop, from options to a run's folder; see `run_directory` for what it leaves there.

A run can be stopped and killed at any moment, and goes on from its newest checkpoint exactly as if nothing had happened: what
example k of the stream is follows from the seed alone, and a resumed run starts the stream where the checkpoint was written.
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

from gated_inpaint.data import find_photos, training_examples
from gated_inpaint.errors import InputError
from gated_inpaint.masks import mask_function
from gated_inpaint.models.deepfill_v2 import Discriminator, Generator
from gated_inpaint.models.deepfill_v2.training import Losses, TrainingStep
from gated_inpaint.training.batches import add_masks
from gated_inpaint.training.devices import has_gpu, make_strategy, worker_of
from gated_inpaint.training.optimizers import make_optimizer
from gated_inpaint.training.run_directory import RunDirectory
from gated_inpaint.training.validation import Validation
from gated_inpaint.weights import assign_arrays, read_arrays
from gated_inpaint.weights.loading import KERAS_DTYPES


class TrainingError(RuntimeError):
    """The run cannot go on; its message says why, and what is kept."""


def train(options, override=False):
    """Trains until `options.steps`, or until the process is asked to stop (SIGTERM or SIGINT): then a checkpoint is written first.

    Arguments:
      options: a `TrainingOptions`.
      override: resume a run although options that may change on resume changed.

    Raises:
      InputError: options, data or weights cannot be used.
      TrainingError: a loss is not finite, or another worker is gone. The last checkpoint is intact.
    """
    options.check()
    strategy = make_strategy(options.distribution_strategy)
    worker, workers = worker_of(strategy)
    if options.batch_size % strategy.num_replicas_in_sync:
        raise InputError(f"--batch_size={options.batch_size} cannot be shared by {strategy.num_replicas_in_sync} devices.")
    run = RunDirectory(options, override, is_chief=worker == 0)

    with run.logged(), _stop_signals() as stop:
        photos = find_photos(
            options.data, options.sketch, options.max_bad_fraction, run.path / "photos.json" if run.is_chief else None
        )
        logging.info("%d photos in %s.", len(photos), options.data)
        run.check_same_photos(photos, override)
        with strategy.scope():
            training_step = make_training_step(options)
        validation = None
        if options.validation_data and run.is_chief:
            held_out = find_photos(options.validation_data, options.sketch, options.max_bad_fraction)
            validation = Validation(held_out, options, training_step.average)
        manager = run.checkpoints(training_step, options.keep_checkpoints)
        if manager.latest_checkpoint:
            manager.checkpoint.restore(manager.latest_checkpoint).assert_existing_objects_matched()
            logging.info("Resuming at step %d.", training_step.steps_done())

        first = training_step.steps_done()
        batches = iter(_batches(photos, options, first, strategy.num_replicas_in_sync, (worker, workers)))
        one_step = _distributed_step(strategy, training_step, options)
        summaries = (
            tf.summary.create_file_writer(str(run.path / "tensorboard")) if run.is_chief else tf.summary.create_noop_writer()
        )
        progress = tqdm.tqdm(total=options.steps, initial=first, unit="step", disable=not run.is_chief, mininterval=1)
        with summaries.as_default(), progress as bar:
            started = time.monotonic()
            for step in range(first + 1, options.steps + 1):
                try:
                    batch = strategy.experimental_distribute_values_from_function(lambda _: next(batches))
                    losses, stop_asked = one_step(batch, tf.constant(float(stop.asked)))
                except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
                    reason = f"another worker is gone ({str(error).splitlines()[0]})"
                    raise TrainingError(
                        f"Step {step}: {reason}. Start all workers again: they go on from the checkpoint."
                    ) from error
                losses = Losses(*(float(loss) for loss in losses))
                if not all(map(math.isfinite, losses)):
                    newest = manager.latest_checkpoint or "none was written yet"
                    raise TrainingError(f"Step {step}: the loss is not finite ({losses}). The newest checkpoint is kept: {newest}.")

                rate = options.batch_size / (time.monotonic() - started)
                started = time.monotonic()
                shown = (
                    f"g {losses.generator:.3f}, d {losses.discriminator:.3f}, l1 {losses.reconstruction:.3f}, {rate:.1f} images/s"
                )
                bar.set_postfix_str(shown, refresh=False)
                bar.update()
                if step % options.summarize_every == 0:
                    for name, loss in losses._asdict().items():
                        tf.summary.scalar(f"loss/{name}", loss, step)
                    tf.summary.scalar("images_per_second", rate, step)
                last = step == options.steps or bool(stop_asked)
                if validation and (step % options.validate_every == 0 or step == options.steps):
                    _validate(validation, run, training_step, step)
                if last or step % options.checkpoint_every == 0:
                    tf.summary.flush()
                    run.save(manager, training_step)
                if last:
                    break
        logging.info("Stopped at step %d of %d.", training_step.steps_done(), options.steps)


def make_training_step(options):
    """Networks, optimisers and average of a run, with initial weights from the options' seed or weights."""
    keras.utils.set_random_seed(options.seed)
    dtype = KERAS_DTYPES[options.precision]
    generator = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    discriminator = Discriminator(options.discriminator_width, options.sketch, dtype=dtype)
    if options.init_weights:
        arrays = read_arrays(options.init_weights)
        assign_arrays(generator.checkpoint_variables(), arrays, options.init_weights)
        if any(name.startswith("discriminator/") for name in arrays):
            assign_arrays(discriminator.checkpoint_variables(), arrays, options.init_weights)
    average = Generator(options.width, options.sketch, options.convolution, dtype=dtype)
    for followed, variable in zip(average.variables, generator.variables):
        followed.assign(variable)

    learning_rate = options.learning_rate
    if options.learning_rate_decay == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, options.steps)
    optimizers = [make_optimizer(options.optimizer, learning_rate) for _ in range(2)]
    return TrainingStep(
        generator, discriminator, *optimizers, average, options.average_decay, options.adversarial_weight, options.hole_weight
    )


def _batches(photos, options, first_step, replicas, shard):
    """This worker's batches from step `first_step` on: of each step, one for each of its replicas."""
    # Not a distributed dataset: TensorFlow's tunes itself, and then does not end for up to a minute (see `without_autotune`).
    masks = mask_function(options.masks)
    examples = training_examples(
        photos,
        options.size,
        options.batch_size // replicas,
        options.seed,
        first_step * options.batch_size,
        shard,
        options.fit,
    )
    with_masks = examples.map(lambda example: add_masks(example, masks, options.seed, options.size), tf.data.AUTOTUNE)
    return with_masks.prefetch(2)


def _distributed_step(strategy, training_step, options):
    """A function of a batch, and of whether this worker was asked to stop, to `Losses` and whether any worker was."""
    compiled = options.xla == "on" or (options.xla == "auto" and has_gpu())
    replica_step = tf.function(training_step.__call__, jit_compile=True, autograph=False) if compiled else training_step.__call__

    @tf.function(autograph=False)
    def one_step(batch, stop_asked):
        def on_replica(batch, stop_asked):
            return *replica_step(batch), tf.identity(stop_asked)

        *losses, stop_asked = strategy.run(on_replica, (batch, stop_asked))
        return [strategy.reduce("SUM", loss, axis=None) for loss in losses], strategy.reduce("SUM", stop_asked, axis=None)

    return one_step


def _validate(validation, run, training_step, step):
    metrics, grid = validation.run()
    logging.info("Step %d: %s", step, ", ".join(f"{name} {value:.3f}" for name, value in metrics.items()))
    for name, value in metrics.items():
        tf.summary.scalar(f"validation/{name}", value, step)
    tf.summary.image("validation/photo, hole, coarse, complete, attention", grid, step)
    if metrics["l1_in_hole"] < run.best_so_far():
        run.save_best(training_step.average, step, metrics)


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
