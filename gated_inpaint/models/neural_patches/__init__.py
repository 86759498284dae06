"""Neural patches: "High-Resolution Image Inpainting using Multi-Scale Neural Patch Synthesis", arXiv 1611.09969.

  network    a first guess, then the optimisation of the pixels at three scales
  objective  what is lowered: content, texture by patches in VGG-19's maps, smoothness
  lbfgs      how it is lowered: L-BFGS without a line search
  pictures   levels, scales, and the turned and resized pictures that patches are taken from
  assembly   one weights file of a content network and VGG-19
  options    nothing is trained

The content network is the Context Encoder's in the paper; any model's will do.
"""

from gated_inpaint.models.contract import Model
from gated_inpaint.models.neural_patches.assembly import assemble, recognise
from gated_inpaint.models.neural_patches.network import NeuralPatches
from gated_inpaint.models.neural_patches.options import Options, build

MODEL = Model("neural_patches", "arXiv 1611.09969", NeuralPatches, Options, build, recognise, assemble=assemble)

__all__ = ["MODEL", "NeuralPatches", "Options"]
