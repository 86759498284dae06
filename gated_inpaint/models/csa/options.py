"""Options of a CSA training; the defaults are the paper's, its losses a hundred times as large, as its code has them."""

import dataclasses
from typing import Optional

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions, option


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of CSA beside those that all models share."""

    size: int = option(256, "Side of the square crops, in pixels: a power of two.")
    fit: str = option(
        "resize",
        "How photos come to that size: 'resize' as released, 'crop' at random, or 'scale' and crop.",
        choices=("crop", "scale", "resize"),
    )
    masks: str = option("strokes", "Holes: the name of a kind that masks.py draws, or a folder of masks, such as the paper's.")
    validation_masks: str = option("strokes", "Holes of the validation, given like --masks.", True)
    batch_size: int = option(1, "Photos a batch, over all devices.")
    steps: int = option(
        1_788_000, "Steps of the whole run; the default is 120 epochs of 14,900 photos, as of Paris StreetView.", True
    )

    # Networks
    width: int = option(64, "Base width of both stages; 64 as released.")
    similarity: str = option(
        "cosine",
        "How like two features are: 'cosine', the paper; or 'released', its authors' code, for weights of theirs.",
        choices=("cosine", "released"),
    )
    discriminator_width: int = option(64, "Base width of the discriminator; 64 as released.")
    feature_discriminator_width: int = option(512, "Width of the discriminator of features; 512 as released.")

    # The pretrained network
    feature_network: Optional[str] = option(
        None,
        "File of a pretrained network, VGG-16 as released: its features have a critic, and the attention's are to be like them. "
        "Without one there is neither.",
        True,
    )
    feature_network_md5: str = option("", "MD5 of that file, which is checked; empty: that of the file when the run began.")
    consistency_map: str = option(
        "", "Name of the map that the attention's features are to be like; empty: relu4_3, or the last fit."
    )
    critic_map: str = option("", "Name of the map that has a critic; empty: pool3, or the last at 1/8 of the picture's sides.")

    # Optimisation
    form: str = option(
        "paper",
        "'paper': every loss trains the generator; or 'released', its authors' code, where neither the consistency nor the critic "
        "of features does, and most of what attention copies sends no gradient back.",
        choices=("paper", "released"),
    )
    learning_rate: float = option(2e-4, "Learning rate of all networks.")
    epoch_steps: int = option(14_900, "Steps of an epoch, by which the learning rate falls.")
    constant_epochs: int = option(18, "Epochs after which the learning rate falls.")
    falling_epochs: int = option(101, "Epochs in which it falls to zero, in a straight line.")
    l1_weight: float = option(100.0, "Weight of the L1 of both stages, over the whole picture.")
    adversarial_weight: float = option(0.2, "Weight of the adversarial losses; 0 trains without critics.")
    consistency_weight: float = option(
        1.0, "Weight of the consistency losses: the attention's features in the hole, and the decoder's."
    )

    def settled(self, saved):
        md5 = self.checked_md5("feature_network", saved)
        return dataclasses.replace(super().settled(saved), feature_network_md5=md5)

    def check(self):
        super().check()
        if self.size < 64 or self.size & (self.size - 1):
            raise InputError(f"--size must be a power of two, 64 at least, not {self.size}: the U-Nets halve it until it is 1.")
        for name in ("epoch_steps", "falling_epochs"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} must be at least 1, not {getattr(self, name)}.")
        if not self.feature_network and (self.feature_network_md5 or self.consistency_map or self.critic_map):
            raise InputError(
                "--feature_network_md5, --consistency_map and --critic_map are of a network that --feature_network has to name."
            )
