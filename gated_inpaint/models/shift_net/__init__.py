"""Shift-Net: "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392.

  generator    a U-Net, whose decoder copies the hole's features from known ones at one level
  (sections 3.1 and 3.2) training     one step: of the discriminator, then of the generator, with
  the guidance loss (section 3.3) options      what a training can be told; the defaults are the
  paper's recognition  the authors' .pth, and our files by names and shapes

The shift layer is `layers.Shift`, the masks of features `ops.feature_masks`. The U-Net is
`models.unet` and the discriminator `models.patch_discriminator`, both shared with CSA. Masks of
training are `masks.inner_centre`, `masks.inner_box` and `masks.islands`.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.shift_net.generator import Generator
from gated_inpaint.models.shift_net.options import Options
from gated_inpaint.models.shift_net.recognition import import_weights, recognise
from gated_inpaint.models.shift_net.training import Trainer, build

MODEL = Model("shift_net", "arXiv 1801.09392", Generator, Options, build, recognise, importer=import_weights)

__all__ = ["MODEL", "Generator", "Options", "Trainer"]
