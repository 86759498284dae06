"""Trains a network on a folder of photos.

    gated-inpaint train --flagfile=flags/quick_cpu.cfg --data=photos/ --validation_data=held_out/ --run_dir=runs/first

The run's folder explains itself; the same command resumes it.
"""

import dataclasses

from absl import flags

from gated_inpaint.commands.parsing import first_value
from gated_inpaint.errors import InputError
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ()
DEFAULT_MODEL = "deepfill_v2"

_DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}


def train_flags(model):
    """The fields of the options of the model of that name, each a flag."""
    from gated_inpaint.training.options import TrainingOptions

    if model != DEFAULT_MODEL:
        raise InputError(f"There is no model {model}: there is {DEFAULT_MODEL}.")
    return dataclasses.fields(TrainingOptions)


def define_flags(values, argv):
    model = first_value("model", DEFAULT_MODEL, argv)
    flags.DEFINE_string("model", DEFAULT_MODEL, "What to train; the other flags are this model's.", flag_values=values)
    for field in train_flags(model):
        help, choices = field.metadata["help"], field.metadata.get("choices")
        if choices:
            flags.DEFINE_enum(field.name, field.default, choices, help, flag_values=values)
        else:
            _DEFINE.get(field.type, flags.DEFINE_string)(field.name, field.default, help, flag_values=values)
    flags.DEFINE_bool("override", False, "Resume although options changed that may change within a run.", flag_values=values)


def run(values):
    from gated_inpaint.training.options import TrainingOptions

    options = TrainingOptions(**{field.name: values[field.name].value for field in train_flags(values.model)})
    options.check()
    with tensorflow_quiet():
        from gated_inpaint.training.loop import TrainingError, train
    try:
        train(options, values.override)
    except TrainingError as error:
        raise InputError(str(error)) from error
