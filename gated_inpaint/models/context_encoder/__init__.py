"""Context Encoder: "Context Encoders: Feature Learning by Inpainting", arXiv 1604.07379.

  tables       generator and discriminator, one row a layer, in both forms (section 4, figure 9)
  networks     the generator: encoder, bottleneck, decoder; the discriminator (sections 3.1, 3.2)
  training     one step: of the discriminator, then of the generator at ten times its rate (3.2, 4)
  options      what a training can be told; the defaults are the release's
  recognition  the authors' .t7, and our files by names and shapes

The paper's other form, an AlexNet with a channel-wise fully connected layer, learns features and
completes no pictures: it is not here. Masks of training are `masks.inner_centre`, `masks.islands`
and `masks.blocks`.
"""

from gated_inpaint.models.context_encoder.networks import Discriminator, Generator
from gated_inpaint.models.context_encoder.options import Options
from gated_inpaint.models.context_encoder.recognition import import_weights, recognise
from gated_inpaint.models.context_encoder.training import Trainer, build
from gated_inpaint.models.contract import Model

MODEL = Model("context_encoder", "arXiv 1604.07379", Generator, Options, build, recognise, importer=import_weights)

__all__ = ["MODEL", "Discriminator", "Generator", "Options", "Trainer"]
