"""Writes a version of the model for TensorFlow Serving: a SavedModel in a folder named by its number.

TensorFlow Serving watches the folder that holds the versions (models/gated_inpaint holds 1, 2, ...), loads what appears there under
a number, and serves the highest. So a version appears at once and whole: it is made beside its place, under a name that is no
number, and then renamed. A version once there is never written again.
"""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Sequence
from typing import Optional

import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.serving.exportable import Exported
from gated_inpaint.serving.model import DEFAULT_MAX_MEGAPIXELS, ServingModel
from gated_inpaint.serving.outputs import new_version
from gated_inpaint.serving.warm_up import request_types, write_warm_up_requests
from gated_inpaint.types import Path


def export(
    weights: Optional[Path],
    output: Path,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    warm_up: "Sequence[tuple[int, int]]" = (),
) -> Exported:
    """Writes a SavedModel with the signatures that `ServingModel` describes.

    Arguments:
      weights: what `Inpainter` takes; None for the bundled weights.
      output: the version's folder, models/NAME/NUMBER; the folders above it are made if need be.
      max_megapixels: requests with larger pictures will be refused.
      warm_up: sizes (width, height) of warm-up requests.

    Returns `Exported`.

    Raises:
      InputError: the output is not named by a number, is there already, or cannot be written; the weights cannot be used; a warm-up
        size is beyond the limit; the package for warm-up requests is missing.
    """
    output = new_version(output)
    for width, height in warm_up:
        if width * height > max_megapixels * 1e6:
            raise InputError(f"A warm-up request of {width}x{height} pixels is beyond the limit of {max_megapixels:g} megapixels.")

    if warm_up:
        request_types()  # Before the network is traced, which takes seconds.

    model = ServingModel(weights, max_megapixels)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        try:
            unfinished = scratch / "unfinished"
            model.save(unfinished)
            if warm_up:
                write_warm_up_requests(unfinished, output.absolute().parent.name, warm_up, model.sketch)
            os.rename(unfinished, output)
        finally:
            shutil.rmtree(scratch)
    except OSError as error:
        raise InputError(f"Cannot write {output}: {error.strerror}.") from error
    except tf.errors.OpError as error:
        raise InputError(f"Cannot write {output}: {error.message.splitlines()[0]}") from error
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Exported(size, model.network.finishing)
