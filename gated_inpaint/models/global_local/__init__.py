"""Global&Local: "Globally and Locally Consistent Image Completion", SIGGRAPH 2017.

  tables              both networks, one row a convolution (tables 1 to 3)
  blocks              convolution, batch normalisation and ReLU, in the paper's order or the port's
  completion_network  the network that completes (section 3.2)
  discriminator       of the whole picture and of the crop around the hole, joined (section 3.3)
  training            three phases: completion network, discriminator, both (section 3.4)
  options             what a training can be told; the defaults are the paper's
  blending            what is done to a completed picture where it is asked for (section 3.5)
  recognition         the authors' Torch7 files, and the PyTorch files of the port and of mmagic

Masks of training are `masks.rectangle_in_box`. The port is github.com/otenim/GLCIC-PyTorch.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.global_local.completion_network import CompletionNetwork
from gated_inpaint.models.global_local.discriminator import Discriminator
from gated_inpaint.models.global_local.options import Options
from gated_inpaint.models.global_local.recognition import import_weights, recognise
from gated_inpaint.models.global_local.training import Trainer, build

MODEL = Model(
    "global_local",
    "Globally and Locally Consistent Image Completion, SIGGRAPH 2017",
    CompletionNetwork,
    Options,
    build,
    recognise,
    importer=import_weights,
)

__all__ = ["MODEL", "CompletionNetwork", "Discriminator", "Options", "Trainer"]
