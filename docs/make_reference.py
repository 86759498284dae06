"""Writes the API reference, one page a module, from the docstrings.

    pip install '.[docs]' && python docs/make_reference.py reference/

Whatever pdoc warns of, such as a name that leads nowhere, is an error. Mains are left out: `gated-inpaint COMMAND --help` says
more.
"""

import importlib
import os
import pathlib
import pkgutil
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pdoc

import gated_inpaint

LEFT_OUT = ("commands", "example", "quiet", "__main__")


def main(folder):
    rooms = [f"gated_inpaint.{room.name}" for room in pkgutil.iter_modules(gated_inpaint.__path__) if room.name not in LEFT_OUT]
    for module in map(importlib.import_module, ["gated_inpaint", *rooms]):
        for name in getattr(module, "__all__", ()):  # Imported when asked for; pdoc looks without asking.
            setattr(module, name, getattr(module, name))
    warnings.simplefilter("error", UserWarning)
    pdoc.render.configure(docformat="google", show_source=False)
    pdoc.pdoc("gated_inpaint", *rooms, output_directory=pathlib.Path(folder))


if __name__ == "__main__":
    main(sys.argv[1])
