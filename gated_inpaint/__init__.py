"""gated_inpaint: free-form image inpainting with gated convolution, in TensorFlow 2 and Keras.

    from gated_inpaint import Inpainter

    completed = Inpainter()(image, mask)  # uint8 arrays: [height, width, 3] RGB, and [height, width], 255 or 1 in the hole.

Everywhere in the package pictures are RGB and masks are 1 in the hole.
"""

import importlib
from typing import TYPE_CHECKING

from gated_inpaint.quiet import tensorflow_quiet

if TYPE_CHECKING:  # For editors and type checkers.
    from gated_inpaint.errors import InputError
    from gated_inpaint.inference import Inpainter
    from gated_inpaint.models.deepfill_v2 import Discriminator, Generator

__version__ = "0.1.0"
__all__ = ["Discriminator", "Generator", "InputError", "Inpainter"]

_HOME = {
    "Discriminator": "gated_inpaint.models.deepfill_v2",
    "Generator": "gated_inpaint.models.deepfill_v2",
    "InputError": "gated_inpaint.errors",
    "Inpainter": "gated_inpaint.inference",
}


def __getattr__(name):
    """Imports TensorFlow when something that needs it is asked for, not before: commands can set it up, or fail, at once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with tensorflow_quiet():
        return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return sorted({*globals(), *__all__})
