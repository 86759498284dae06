"""CSA: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384.

  generator              a rough picture, then a refined one (section 3.1)
  refinement             the second stage's U-Net, with the attention
  feature_discriminator  the critic on a pretrained network's features (section 3.3)
  training               one step: of both critics, then of both stages, with the consistency loss (sections 3.3, 3.4)
  options                what a training can be told; the defaults are the paper's
  recognition            the authors' .pth, and our files by names and shapes

The attention is `layers.CoherentSemanticAttention`, the mask of features `ops.feature_masks.covered_mask`. The rough network is
`models.unet`, the discriminator `models.patch_discriminator`, both shared with Shift-Net.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.csa.feature_discriminator import FeatureDiscriminator
from gated_inpaint.models.csa.generator import Generator
from gated_inpaint.models.csa.options import Options
from gated_inpaint.models.csa.recognition import import_weights, recognise
from gated_inpaint.models.csa.training import Trainer, build

MODEL = Model("csa", "arXiv 1905.12384", Generator, Options, build, recognise, importer=import_weights)

__all__ = ["MODEL", "FeatureDiscriminator", "Generator", "Options", "Trainer"]
