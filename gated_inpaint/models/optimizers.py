"""Optimisers by name: Keras's, and those of TensorFlow Addons where it is installed."""

import inspect

from tensorflow import keras

from gated_inpaint.errors import InputError


def make_optimizer(name, learning_rate, beta_1=0.5, beta_2=0.999, epsilon=1e-8, rho=0.9):
    """An optimiser with these betas, epsilon and rho, if it knows them; by default those of DeepFill v2's release.

    Arguments:
      name: the class name of an optimiser of Keras, such as "Adam" or "AdamW", or of TensorFlow Addons, such as "LAMB".
      learning_rate: a number, or a Keras schedule.
      beta_1, beta_2, epsilon: numbers.
      rho: of Adadelta, how much of its means stays.

    Raises:
      InputError: there is no such optimiser, Addons is not installed, or it needs more than a learning rate.
    """
    optimizer = getattr(keras.optimizers, name, None)
    base = keras.optimizers.Optimizer
    if not (inspect.isclass(optimizer) and issubclass(optimizer, base) and optimizer is not base):
        optimizer = _from_addons(name)
    given = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "rho": rho}
    parameters = inspect.signature(optimizer.__init__).parameters
    try:
        return optimizer(learning_rate=learning_rate, **{key: value for key, value in given.items() if key in parameters})
    except TypeError as error:
        raise InputError(f"--optimizer={name} cannot be made from a learning rate alone: {error}.") from error


def _from_addons(name):
    try:
        from tensorflow_addons import optimizers
    except ImportError as error:
        raise InputError(
            f"--optimizer={name}: Keras {keras.__version__} has no such optimiser, and others come from TensorFlow Addons, "
            "which is not installed; it exists for TensorFlow 2.15, on Python 3.9 to 3.11."
        ) from error
    if not inspect.isclass(getattr(optimizers, name, None)):
        known = sorted(key for key, value in vars(optimizers).items() if inspect.isclass(value))
        raise InputError(
            f"--optimizer={name}: neither Keras nor TensorFlow Addons has such an optimiser; Addons has {', '.join(known)}."
        )
    return getattr(optimizers, name)
