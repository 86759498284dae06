"""The folder of a run, which explains itself:

  options.json    what the run was told: its model and its options
  log.txt         what it said
  photos.json     the photos it found, checked once; photos.digest tells them from others
  checkpoints/    the newest checkpoints, to resume from; named by their step
  weights.npz     the weights that inference uses, at the newest checkpoint
  networks.npz    the same with the other networks, discriminator and critics, where a next run can begin
  best.npz        weights.npz where validation was best (lowest l1 in the hole)
  tensorboard/    scalars and pictures
  lock            held by the process that trains here

`weights.read_weights` takes such a folder, and with it `test_main.py --weights` and `--init_weights`. Every file is either complete
or as it was before: a run may be killed, or its disk full, at any moment.
"""

import contextlib
import json
import logging as standard_logging
import os
import pathlib
import shutil
import socket
import sys

import tensorflow as tf
import tqdm
from absl import logging

from gated_inpaint.errors import InputError, first_line
from gated_inpaint.files.writing import write_whole
from gated_inpaint.models.options import read_saved
from gated_inpaint.weights import weights_of, write_weights
from gated_inpaint.weights.formats import RUN_BEST, RUN_NEWEST

_RUN_NETWORKS = "networks.npz"

# Files whose unfinished forms, .NAME.SOMETHING, a kill leaves behind.
_WRITTEN_WHOLE = ("options.json", "photos.json", "photos.digest", "best.json", RUN_BEST, RUN_NEWEST, _RUN_NETWORKS)


class RunDirectory:
    """A run's folder. With several workers only the chief writes; the others read.

    Arguments:
      model: a `Model`.
      options: its `TrainingOptions`.
      override: whether to resume although options that may change on resume differ from those saved.
      is_chief: whether this process writes.

    Attributes:
      options: the run's options, settled: what was left open is as when the run began.
      has_begun: whether the folder holds a checkpoint or weights of earlier.

    Raises:
      InputError: the folder cannot be made, or belongs to a run with another model or other options.
    """

    def __init__(self, model, options, override=False, is_chief=True):
        self.path = pathlib.Path(options.run_dir)
        self.model = model
        self.is_chief = is_chief
        self.changed = []
        saved_path = self.path / "options.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"Cannot write the run's folder {self.path}: {error.strerror}.") from error
        # Where nothing was kept but options, a start came to nothing, such as for a --data that is not there: others may be tried.
        self.has_begun = any(self.path.glob("checkpoints/*")) or any(self.path.glob("*.npz"))
        saved = read_saved(saved_path) if self.has_begun and saved_path.exists() else None
        self.options = options.settled(saved)
        if saved is not None:
            self.changed = _checked_differences(saved_path, saved, model, self.options, override)
        elif is_chief and any(self.path.glob("*.npz")):
            raise InputError(f"{self.path} holds weights and no options.json: it is not the folder of a run.")

    @contextlib.contextmanager
    def held(self):
        """Keeps other processes out meanwhile; then writes the options, and removes what a kill left unfinished.

        Raises:
          InputError: another process trains here; or the folder cannot be written.
        """
        if not self.is_chief:
            yield
            return
        with contextlib.ExitStack() as stack:
            try:
                lock = stack.enter_context(open(self.path / "lock", "a+", encoding="utf-8"))
                if not _lock(lock):
                    lock.seek(0)
                    raise InputError(f"{self.path} is in use: {lock.read().strip() or 'another process'} trains there.")
                lock.truncate(0)
                lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
                lock.flush()
                for path in [path for name in _WRITTEN_WHOLE for path in self.path.glob(f".{name}.*")]:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except OSError as error:
                raise InputError(f"Cannot write the run's folder {self.path}: {error.strerror}.") from error
            self.options.save(self.path / "options.json", self.model.name)
            yield

    def check_same_photos(self, photos, override):
        """Raises InputError if the run began with other photos: its stream of examples would not go on as it was."""
        path, digest = self.path / "photos.digest", photos.digest()
        if self.has_begun and path.exists() and path.read_text().strip() != digest and not override:
            raise InputError(f"The photos changed since the run {self.path} began: add --override to go on with these.")
        if self.is_chief:
            write_whole(path, f"{digest}\n".encode())

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

    def save(self, checkpoints, trainer):
        """Saves a checkpoint, and the weights beside it. A failure is logged, and leaves what was there before."""
        if not self.is_chief:
            return
        try:
            checkpoints.save()
            self._write_weights(RUN_NEWEST, trainer)
            others = [one for name, one in trainer.networks.items() if name not in ("generator", "ema_generator")]
            self._write_weights(_RUN_NETWORKS, trainer, *others)
        except (tf.errors.OpError, OSError, InputError) as error:
            logging.error("The checkpoint of step %d could not be written: %s", trainer.steps_done(), first_line(error))

    def best_so_far(self):
        """l1 in the hole at best.npz, in percent; infinite before the first validation."""
        path = self.path / "best.json"
        return json.loads(path.read_text())["l1_in_hole"] if path.exists() else float("inf")

    def save_best(self, trainer, step, metrics):
        """Writes best.npz, and best.json, which says how good it is."""
        try:
            self._write_weights(RUN_BEST, trainer)
            write_whole(self.path / "best.json", (json.dumps({"step": step, **metrics}) + "\n").encode())
        except InputError as error:
            logging.error("The best weights of step %d could not be written: %s", step, first_line(error))

    def _write_weights(self, name, trainer, *others):
        write_weights(
            self.path / name, weights_of(self.model, trainer.completing_network, *others, training_size=self.options.size)
        )


class _AboveProgressBar(standard_logging.Handler):
    def emit(self, record):
        tqdm.tqdm.write(self.format(record), file=sys.stderr)


def _is_ours_or_a_warning(record):
    """TensorFlow logs through absl too, and remarks on every checkpoint."""
    return record.levelno >= standard_logging.WARNING or record.pathname.startswith(str(pathlib.Path(__file__).parents[1]))


def _lock(file):
    """Locks an open file for this process; False if another holds it. When a process ends, however it does, it is freed."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _checked_differences(path, saved, model, options, override):
    """[(option, value saved, value now)] of those that changed, and may."""
    if saved["model"] != model.name:
        raise InputError(f"{path.parent} holds a run of --model={saved['model']}, not {model.name}: choose another --run_dir.")
    differences = options.differences(saved)
    listed = "; ".join(f"--{name} was {was!r} and is now {now!r}" for name, was, now, _ in differences)
    if not all(may_change for *_, may_change in differences):
        raise InputError(f"{path.parent} holds a run with other options: {listed}. Give it its own options, or another --run_dir.")
    if differences and not override:
        raise InputError(f"{path.parent} holds a run with other options: {listed}. They may change: add --override.")
    return [difference[:3] for difference in differences]
