"""gated_inpaint: free-form image inpainting with gated convolution, in TensorFlow 2 and Keras.

    from gated_inpaint import Inpainter

    completed = Inpainter()(image, mask)  # uint8 arrays: [height, width, 3] RGB, and [height, width], 255 or 1 in the hole.

Everywhere in the package pictures are RGB and masks are 1 in the hole.
"""

__version__ = "0.1.0"

from gated_inpaint.errors import InputError
from gated_inpaint.inference import Inpainter
from gated_inpaint.networks import Discriminator, Generator

__all__ = ["Discriminator", "Generator", "InputError", "Inpainter"]
