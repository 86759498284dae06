"""The folder of a run, which explains itself:

  options.json    what the run was told (TrainingOptions)
  log.txt         what it said
  photos.json     the photos it found, checked once; photos.digest tells them from others
  checkpoints/    the newest checkpoints, to resume from; named by their step
  weights.npz     the generator's moving average at the newest checkpoint
  best.npz        the same where validation was best (lowest l1 in the hole)
  tensorboard/    scalars and pictures

`weights.read_arrays` takes such a folder, and with it `test_main.py --weights` and `--init_weights`. Every file is either complete
or as it was before: a run may be killed, or its disk full, at any moment.
"""

import contextlib
import json
import logging as standard_logging
import os
import pathlib
import sys

import tensorflow as tf
import tqdm
from absl import logging

from gated_inpaint.errors import InputError
from gated_inpaint.training.options import TrainingOptions
from gated_inpaint.weights import write_arrays
from gated_inpaint.weights.formats import RUN_BEST, RUN_NEWEST


class RunDirectory:
    """A run's folder. With several workers only the chief writes; the others read.

    Arguments:
      options: a TrainingOptions.
      override: whether to resume although options that may change on resume differ from those saved.
      is_chief: whether this process writes.

    Raises:
      InputError: the folder cannot be made, or belongs to a run with other options.
    """

    def __init__(self, options, override=False, is_chief=True):
        self.path = pathlib.Path(options.run_dir)
        self.is_chief = is_chief
        saved = self.path / "options.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if saved.exists():
                _check_same_run(saved, options, override)
            elif is_chief and any(self.path.glob("*.npz")):
                raise InputError(f"{self.path} holds weights and no options.json: it is not the folder of a run.")
            if is_chief:
                options.save(saved)
        except OSError as error:
            raise InputError(f"Cannot write the run's folder {self.path}: {error.strerror}.") from error

    def check_same_photos(self, photos, override):
        """Raises InputError if the run began with other photos: its stream of examples would not go on as it was."""
        path, digest = self.path / "photos.digest", photos.digest()
        if path.exists() and path.read_text().strip() != digest and not override:
            raise InputError(f"The photos changed since the run {self.path} began: add --override to go on with these.")
        if self.is_chief:
            path.write_text(digest + "\n")

    @contextlib.contextmanager
    def logged(self):
        """What is logged meanwhile goes to stderr, above the progress bar, and from the chief to log.txt."""
        logger = logging.get_absl_logger()
        handlers = [_AboveProgressBar()]
        if self.is_chief:
            handlers.append(standard_logging.FileHandler(self.path / "log.txt"))
        formatter = standard_logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        propagate, verbosity = logger.propagate, logging.get_verbosity()
        logger.propagate = False
        logging.set_verbosity(logging.INFO)
        for handler in handlers:
            handler.setFormatter(formatter)
            handler.addFilter(_is_ours_or_a_warning)
            logger.addHandler(handler)
        try:
            yield
        finally:
            for handler in handlers:
                logger.removeHandler(handler)
                handler.close()
            logger.propagate = propagate
            logging.set_verbosity(verbosity)

    def checkpoints(self, training_step, keep):
        """The manager of this run's checkpoints of a TrainingStep."""
        checkpoint = tf.train.Checkpoint(training=training_step)
        return tf.train.CheckpointManager(checkpoint, str(self.path / "checkpoints"), keep, checkpoint_name="step")

    def save(self, manager, training_step):
        """Saves a checkpoint and the average's weights. A failure is logged, and leaves what was there before."""
        if not self.is_chief:
            return
        try:
            manager.save(checkpoint_number=training_step.steps_done())
            self.write_weights(RUN_NEWEST, training_step.average)
        except (tf.errors.OpError, OSError, InputError) as error:
            logging.error("The checkpoint of step %d could not be written: %s", training_step.steps_done(), _first_line(error))

    def write_weights(self, name, generator):
        write_arrays({name: variable.numpy() for name, variable in generator.checkpoint_variables().items()}, self.path / name)

    def best_so_far(self):
        """l1 in the hole at best.npz, in percent; infinite before the first validation."""
        path = self.path / "best.json"
        return json.loads(path.read_text())["l1_in_hole"] if path.exists() else float("inf")

    def save_best(self, generator, step, metrics):
        """Writes best.npz, and best.json, which says how good it is."""
        try:
            self.write_weights(RUN_BEST, generator)
            unfinished = self.path / ".best.json.part"
            unfinished.write_text(json.dumps({"step": step, **metrics}) + "\n")
            os.replace(unfinished, self.path / "best.json")
        except (OSError, InputError) as error:
            logging.error("The best weights of step %d could not be written: %s", step, _first_line(error))


class _AboveProgressBar(standard_logging.Handler):
    def emit(self, record):
        tqdm.tqdm.write(self.format(record), file=sys.stderr)


def _is_ours_or_a_warning(record):
    """TensorFlow logs through absl too, and remarks on every checkpoint."""
    return record.levelno >= standard_logging.WARNING or record.pathname.startswith(str(pathlib.Path(__file__).parents[1]))


def _first_line(error):
    return str(error).splitlines()[0]


def _check_same_run(saved, options, override):
    try:
        differences = TrainingOptions.differences(saved, options)
    except ValueError as error:
        raise InputError(f"{saved} cannot be read: {error}") from error
    if all(may_change for *_, may_change in differences) and (override or not differences):
        return
    listed = "; ".join(f"--{name} was {was!r} and is now {now!r}" for name, was, now, _ in differences)
    if all(may_change for *_, may_change in differences):
        raise InputError(f"{saved.parent} holds a run with other options: {listed}. They may change: add --override.")
    raise InputError(f"{saved.parent} holds a run with other options: {listed}. Give it its own options, or another --run_dir.")
