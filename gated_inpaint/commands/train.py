"""Trains a network on a folder of photos.

    gated-inpaint train --flagfile=flags/quick_cpu.cfg --data=photos/ --validation_data=held_out/ --run_dir=runs/first

The run's folder explains itself; the same command resumes it. The flags are those that all models share, and those of --model.
"""

import dataclasses

from absl import flags

from gated_inpaint.commands.parsing import first_value
from gated_inpaint.errors import InputError
from gated_inpaint.models import registry
from gated_inpaint.quiet import tensorflow_quiet

ARGUMENTS = ()

_DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}


def train_flags(model):
    """The fields of the options of the model of that name, each a flag."""
    with tensorflow_quiet():
        return dataclasses.fields(registry.find(model).options)


def define_flags(values, argv):
    models = f"What to train: {', '.join(registry.names())}, or a module of yours."
    flags.DEFINE_string("model", registry.DEFAULT, models, flag_values=values)
    for field in train_flags(first_value("model", registry.DEFAULT, argv)):
        help, choices = field.metadata["help"], field.metadata["choices"]
        if choices:
            flags.DEFINE_enum(field.name, field.default, choices, help, flag_values=values)
        else:
            _DEFINE.get(field.type, flags.DEFINE_string)(field.name, field.default, help, flag_values=values)
    flags.DEFINE_bool("override", False, "Resume although options changed that may change within a run.", flag_values=values)


def run(values):
    model = registry.find(values.model)
    if values.init_weights:
        _take_network_from(values.init_weights, model, values)
    options = model.options(**{field.name: values[field.name].value for field in dataclasses.fields(model.options)})
    options.check()
    from gated_inpaint.training.loop import TrainingError, train  # After the options, which are wrong more often.

    try:
        train(model, options, values.override)
    except TrainingError as error:
        raise InputError(str(error)) from error


def _take_network_from(weights, model, values):
    """Sets flags that were not given, and that say what the network is, to what the initial weights are of."""
    from gated_inpaint.weights import read_weights

    found = read_weights(weights)
    if found.model.name == model.name:
        for name, value in found.config.items():
            if name in values and not values[name].present:
                values[name].value = value
