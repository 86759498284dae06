"""Where exports go, checked before anything else is done: nothing here takes TensorFlow."""

import os
import pathlib
import re
from typing import Union

from gated_inpaint.errors import InputError

Path = Union[str, "os.PathLike[str]"]
SUFFIXES = {"tflite": ".tflite", "onnx": ".onnx"}


def new_version(output: Path) -> pathlib.Path:
    """The path of a version's folder that is not there yet. Raises InputError: it is, or is not named by a number."""
    output = pathlib.Path(output)
    if not re.fullmatch("[1-9][0-9]*", output.name):
        raise InputError(
            f"The output must be a version, a folder named by a number such as {output / '1'}: TensorFlow Serving skips others."
        )
    if os.path.lexists(output):
        raise InputError(f"The version {output} is there already: versions are not overwritten. Export to the next number.")
    return output


def new_file(output: Path, suffix: str) -> pathlib.Path:
    """The path of a file that can be written. Raises InputError: another suffix, a file that is there, or a folder that is not."""
    output = pathlib.Path(output)
    if output.suffix != suffix:
        raise InputError(f"The output {output} must end in {suffix}.")
    if output.exists():
        raise InputError(f"The file {output} is there already: choose another name, or remove it.")
    if not output.absolute().parent.is_dir():
        raise InputError(f"The output folder {output.absolute().parent} does not exist: make it first.")
    return output


def check_output(output: Path, format: str) -> None:
    """Raises InputError if an export of this format cannot be written there."""
    if format in SUFFIXES:
        new_file(output, SUFFIXES[format])
    else:
        new_version(output)
