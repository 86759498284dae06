"""Methods that complete pictures, one file each.

  ours                 the bundled weights
  telea, navier_stokes OpenCV's
  patchmatch           PatchMatch, by the library PyPatchMatch: the extra [baselines]
  mean                 the mean colour of the known pixels
  NAME=weights:PATH    other weights of this network, under a name of one's own
  NAME=folder:PATH     pictures that something else completed

One more method is one more file with a `Method`, and a line in a table below.
"""

import importlib
import re

from gated_inpaint.errors import InputError

# Where a method is and how it is made. What it needs is imported when it is asked for.
_BY_NAME = {
    "ours": ("weights", "Weights", [None]),
    "telea": ("opencv", "OpenCV", ["telea"]),
    "navier_stokes": ("opencv", "OpenCV", ["navier_stokes"]),
    "patchmatch": ("patchmatch", "PatchMatch", []),
    "mean": ("mean", "Mean", []),
}
_BY_PATH = {"weights": ("weights", "Weights"), "folder": ("folder", "Folder")}

_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")  # It becomes a folder's name, and a table's cell.


def make_methods(texts):
    """Makes methods from what names them above.

    Returns:
      {name: `Method`}, in that order.

    Raises:
      InputError: there is no such method, a name cannot be used or comes twice, or the method cannot be made.
    """
    methods = {}
    for text in texts:
        name, is_own, kind_and_path = text.partition("=")
        if not _NAME.fullmatch(name):
            raise InputError(f"The name of the method '{text}' must consist of letters, digits and . _ + -.")
        if name in methods:
            raise InputError(f"Two methods are called {name}.")
        kind, _, path = kind_and_path.partition(":")
        if is_own and kind in _BY_PATH and path:
            (module, made), arguments = _BY_PATH[kind], [path]
        elif not is_own and name in _BY_NAME:
            module, made, arguments = _BY_NAME[name]
        else:
            of_paths = [f"NAME={kind}:PATH" for kind in _BY_PATH]
            raise InputError(f"There is no method '{text}': it must be one of {', '.join([*_BY_NAME, *of_paths])}.")
        methods[name] = getattr(importlib.import_module(f"{__name__}.{module}"), made)(*arguments)
    return methods
