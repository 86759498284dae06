"""DeepFill v2: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589.

  tables          the whole generator, one row a convolution (figure 3)
  generator       two stages of gated convolutions, with contextual attention (sections 3.1 and 3.2)
  discriminator   SN-PatchGAN (section 3.3)
  training        one step: hinge loss and L1 of both stages (section 3.3)
  feature_critics more critics, on frozen features: an option, no part of the paper
  options         what a training can be told; the defaults are the paper's
  layer_maps      gates and masks, to be looked at (figure 3)
  recognition     the authors' files, by names and shapes
  widening        the same network at twice the width

The paper's ablations, partial and vanilla convolution, are `Generator(convolution=...)`. What is computed near the holes alone is
shared with DeepFill v1: `models.two_stage`.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.deepfill_v2.discriminator import Discriminator
from gated_inpaint.models.deepfill_v2.generator import Generator
from gated_inpaint.models.deepfill_v2.options import Options
from gated_inpaint.models.deepfill_v2.recognition import PICTURE_AXES, recognise
from gated_inpaint.models.deepfill_v2.training import Trainer, build
from gated_inpaint.models.deepfill_v2.widening import widened

MODEL = Model("deepfill_v2", "arXiv 1806.03589", Generator, Options, build, recognise, PICTURE_AXES, widen=widened)

__all__ = ["MODEL", "Discriminator", "Generator", "Options", "Trainer"]
