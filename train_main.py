"""Trains the network on a folder of photos.

    python train_main.py --flagfile=flags/quick_cpu.cfg --data=photos/ --validation_data=held_out/ --run_dir=runs/first

The run's folder explains itself; the same command resumes it. `python train_main.py --help` lists the options.
"""

import dataclasses
import sys

from absl import app, flags

from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

with tensorflow_quiet():
    from gated_inpaint.training.loop import TrainingError, train
    from gated_inpaint.training.options import TrainingOptions

FLAGS = flags.FLAGS
_DEFINE = {str: flags.DEFINE_string, int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}
for field in dataclasses.fields(TrainingOptions):
    _DEFINE.get(field.type, flags.DEFINE_string)(field.name, field.default, field.metadata["help"])
flags.DEFINE_bool("override", False, "Resume although options changed that may change within a run.")


def main(argv):
    try:
        if len(argv) > 1:
            raise InputError(f"unexpected argument {argv[1]}: everything is given as --option=value.")
        names = (field.name for field in dataclasses.fields(TrainingOptions))
        train(TrainingOptions(**{name: getattr(FLAGS, name) for name in names}), FLAGS.override)
    except (InputError, TrainingError) as error:
        print(f"train_main.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    app.run(main)
