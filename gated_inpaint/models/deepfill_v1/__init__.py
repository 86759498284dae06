"""DeepFill v1: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892.

  tables       the whole generator, one row a convolution (figure 4)
  generator    two stages of ordinary convolutions, with contextual attention (sections 3.1 and 4)
  critics      of the whole picture, and of the box around the hole (section 3.2)
  training     one step: five of the critics and one of the generator, WGAN-GP and discounted L1 (section 3.2, algorithm 1)
  options      what a training can be told; the defaults are the release's
  recognition  the authors' files, by names and shapes

The attention is `layers.ContextualAttention`, and what is computed near the holes alone `models.two_stage`, both shared with
DeepFill v2. Masks of training are `masks.box`.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.deepfill_v1.critics import Critic
from gated_inpaint.models.deepfill_v1.generator import Generator
from gated_inpaint.models.deepfill_v1.options import Options
from gated_inpaint.models.deepfill_v1.recognition import PICTURE_AXES, recognise
from gated_inpaint.models.deepfill_v1.training import Trainer, build

MODEL = Model("deepfill_v1", "arXiv 1801.07892", Generator, Options, build, recognise, PICTURE_AXES)

__all__ = ["MODEL", "Critic", "Generator", "Options", "Trainer"]
