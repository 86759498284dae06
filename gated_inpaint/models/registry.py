"""Finds models by name. A folder below `gated_inpaint/models/` is a model; so is any module of yours that holds a `MODEL`.

Nothing is imported before it is asked for.
"""

import importlib
import importlib.util
import pkgutil

from gated_inpaint import models
from gated_inpaint.errors import InputError

DEFAULT = "deepfill_v2"


def names():
    """The names of the house's models, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(models.__path__) if module.ispkg)


def find(name):
    """The `Model` of a name in `names()`, or of the dotted name of a module on Python's path, such as my_project.my_model.

    Raises:
      InputError: there is no such model.
    """
    module = f"{models.__name__}.{name}" if name in names() else name
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    model = getattr(importlib.import_module(module), "MODEL", None) if found else None
    if model is None:
        raise InputError(f"There is no model {name!r}: it must be one of {', '.join(names())}, or a module of yours with a MODEL.")
    return model


def every():
    """All models of the house."""
    return [find(name) for name in names()]
