"""Options of a Shift-Net training; the defaults are the paper's, its loss a hundred times as large, as its code has it."""

import dataclasses
from typing import Optional

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions, option

# Kinds of masks whose hole is their box, and what the discriminator then sees.
BOXES = ("inner_centre", "inner_box")


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of Shift-Net beside those that all models share."""

    size: int = option(256, "Side of the square crops, in pixels: a power of two.")
    masks: str = option("inner_centre", "Holes: 'inner_centre', 'inner_box' or 'islands' as released, or any other.")
    validation_masks: str = option("inner_centre", "Holes of the validation, given like --masks.", True)
    batch_size: int = option(1, "Photos a batch, over all devices.")
    steps: int = option(447_000, "Steps of the whole run; the default is 30 epochs of 14,900 photos, as of Paris StreetView.", True)

    # Networks
    width: int = option(64, "Base width of the generator; 64 as released.")
    discriminator_width: int = option(64, "Base width of the discriminator; 64 as released.")
    feature_mask: str = option(
        "covered",
        "Features in the hole: where more than 5/16 of what they see is ('covered', the paper), or each 8th pixel's ('sampled').",
        choices=("covered", "sampled"),
    )

    # Optimisation
    learning_rate: float = option(2e-4, "Learning rate of both networks.")
    l1_weight: float = option(100.0, "Weight of the L1 over the whole picture.")
    guidance_weight: float = option(1.0, "Weight of the guidance loss: the decoder's features in the hole, against the photo's.")
    adversarial_weight: float = option(0.2, "Weight of the adversarial loss; 0 trains without a discriminator.")
    discounted_weight: float = option(
        0.0,
        "Weight of an additional L1 in the hole's box, less in its middle; 400 in the authors' PyTorch code, none in the paper.",
    )
    discount: float = option(0.9, "Of that L1, for each pixel away from the box's sides.")
    content_network: Optional[str] = option(
        None,
        "File of VGG-16, for a content and a style loss as in the authors' PyTorch code; without one, as in the paper, none.",
        True,
    )
    content_network_md5: str = option("", "MD5 of that file, which is checked; empty: that of the file when the run began.")
    content_weight: float = option(1.0, "Weight of the squared difference of its maps, of what the discriminator sees.")
    content_style_weight: float = option(10.0, "Weight of that of their Gram matrices.")
    guidance_everywhere: bool = option(
        False, "Let the guidance's gradient reach known features, too, as the authors' PyTorch code does by mistake."
    )

    @property
    def hole_is_box(self):
        """Whether masks come with their hole's box: the discriminator then sees it alone."""
        return self.masks in BOXES

    def settled(self, saved):
        md5 = self.checked_md5("content_network", saved)
        return dataclasses.replace(super().settled(saved), content_network_md5=md5)

    def check(self):
        super().check()
        if self.content_network_md5 and not self.content_network:
            raise InputError("--content_network_md5 is of a network that --content_network has to name.")
        if self.size < 64 or self.size & (self.size - 1):
            raise InputError(f"--size must be a power of two, 64 at least, not {self.size}: the U-Net halves it until it is 1.")
        if self.discounted_weight and not self.hole_is_box:
            raise InputError(f"--discounted_weight needs a hole that is a box, --masks={' or '.join(BOXES)}, not {self.masks!r}.")
        if not 0 < self.discount <= 1:
            raise InputError(f"--discount must be above 0 and at most 1, not {self.discount}.")
