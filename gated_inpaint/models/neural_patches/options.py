"""There is nothing to train: the content network is another model's, and VGG-19 is given."""

import dataclasses

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of a training that there is not."""

    def check(self):
        raise InputError(
            "Neural patches train nothing: train a content network, --model=context_encoder, and put it together with VGG-19 by "
            "gated-inpaint weights convert --model=neural_patches."
        )


def build(options, dtype):
    """Raises InputError: see `Options.check`."""
    options.check()
