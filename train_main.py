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
    from gated_inpaint.models import registry
    from gated_inpaint.training.loop import TrainingError, train

FLAGS = flags.FLAGS
flags.DEFINE_string("model", registry.DEFAULT, f"What to train: {', '.join(registry.names())}, or a module of yours.")
flags.DEFINE_bool("override", False, "Resume although options changed that may change within a run.")

_DEFINE = {str: flags.DEFINE_string, int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}


def parse(argv):
    """Defines a flag for each option of the model that is asked for, then parses all."""
    finder = flags.FlagValues()
    flags.DEFINE_string("model", FLAGS["model"].default, "", flag_values=finder)
    finder(
        [argv[0], *(argument for argument in FLAGS.read_flags_from_files(argv[1:], force_gnu=False) if "model" in argument)], True
    )
    for field in dataclasses.fields(registry.find(finder.model).options):
        _DEFINE.get(field.type, flags.DEFINE_string)(field.name, field.default, field.metadata["help"])
    return FLAGS(argv)


def main(argv):
    try:
        if len(argv) > 1:
            raise InputError(f"unexpected argument {argv[1]}: everything is given as --option=value.")
        model = registry.find(FLAGS.model)
        names = (field.name for field in dataclasses.fields(model.options))
        train(model, model.options(**{name: getattr(FLAGS, name) for name in names}), FLAGS.override)
    except (InputError, TrainingError) as error:
        print(f"train_main.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    app.run(main, flags_parser=parse)
