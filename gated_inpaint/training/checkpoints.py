"""Checkpoints of a run: all that its trainer changes, in files named by the step.

The files are found by their names, not through TensorFlow's state file, so a kill at any moment leaves the older ones usable.
"""

import re

import tensorflow as tf
from absl import logging

from gated_inpaint.errors import InputError, first_line


class Checkpoints:
    """The checkpoints in a folder.

    Arguments:
      folder: pathlib.Path, made when the first one is saved.
      trainer: a `Trainer`.
      keep: how many of the newest are kept.
    """

    def __init__(self, folder, trainer, keep):
        self._folder, self._trainer, self._keep = folder, trainer, keep

    def newest(self):
        """The path of the newest, or None."""
        found = self._found()
        return found[-1] if found else None

    def save(self):
        """Saves one for the steps done, and removes the oldest. Raises tf.errors.OpError or OSError; those before are kept."""
        self._folder.mkdir(exist_ok=True)
        tf.train.Checkpoint(training=_saved(self._trainer)).write(str(self._folder / f"step-{self._trainer.steps_done()}"))
        for path in self._found()[: -self._keep]:
            # Without its index a checkpoint is none.
            path.with_name(path.name + ".index").unlink()
            for data in self._folder.glob(f"{path.name}.data-*"):
                data.unlink()

    def restore(self):
        """Restores the newest one that can be read; those that cannot are named in the log. Returns whether there was one.

        Raises:
          InputError: there are some, and none can be read.
        """
        found = self._found()
        for path in reversed(found):
            try:
                self._read(str(path))
                return True
            except (tf.errors.OpError, ValueError, AssertionError, IndexError) as error:
                logging.warning("The checkpoint %s cannot be read, so the one before it is taken: %s", path, first_line(error))
        if found:
            raise InputError(f"None of the {len(found)} checkpoints in {self._folder} can be read: the reasons are logged above.")
        return False

    def remove_unfinished(self):
        """Removes what a kill left of a checkpoint that was being written or removed."""
        whole = {path.name for path in self._found()}
        for path in self._folder.glob("step-*"):
            if path.is_dir():
                for inside in sorted(path.rglob("*"), reverse=True):
                    inside.rmdir() if inside.is_dir() else inside.unlink()
                path.rmdir()
            elif path.name.split(".")[0] not in whole:
                path.unlink()

    def _read(self, path):
        names = {name for name, _ in tf.train.list_variables(path)}
        is_old = any(name.startswith("training/saved_variables/average/") for name in names)
        checkpoint = tf.train.Checkpoint(training=_saved(self._trainer, "average" if is_old else "ema_generator"))
        checkpoint.read(path).assert_existing_objects_matched()

    def _found(self):
        """Paths without their suffix, from the oldest to the newest."""
        steps = (re.fullmatch(r"step-(\d+)\.index", path.name) for path in self._folder.glob("step-*.index"))
        return [self._folder / f"step-{step}" for step in sorted(int(match[1]) for match in steps if match)]


def _saved(trainer, name_of_ema="ema_generator"):
    """What a checkpoint holds of a trainer; runs before version 0.2 call the EMA something else."""
    saved = tf.Module()
    saved.step = trainer.step_counter
    # By the variables' names, which do not depend on Keras' version.
    saved.saved_variables = {
        name_of_ema if name == "ema_generator" else name: network.named_variables() for name, network in trainer.networks.items()
    }
    for name, optimizer in trainer.optimizers.items():
        setattr(saved, name, optimizer)
    return saved
