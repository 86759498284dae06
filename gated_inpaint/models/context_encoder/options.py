"""Options of a Context Encoder training; the defaults are those of the paper's released code."""

import dataclasses

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions, option


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of the Context Encoder beside those that all models share."""

    size: int = option(128, "Side of the square crops, in pixels: 128.")
    masks: str = option(
        "inner_centre", "Holes: 'inner_centre' for the centre form; 'islands' as released, or 'blocks', for the other."
    )
    validation_masks: str = option("inner_centre", "Holes of the validation, given like --masks.", True)
    batch_size: int = option(64, "Photos a batch, over all devices.")
    steps: int = option(
        116_000, "Steps of the whole run; the default is 500 epochs of 14,900 photos, as of Paris StreetView.", True
    )

    # Networks
    region: str = option("centre", "Where holes may be: in the 'centre', or anywhere ('random').", choices=("centre", "random"))
    width: int = option(64, "Base width of the generator; 64 as released.")
    bottleneck: int = option(4000, "Numbers between encoder and decoder; 4000 as released.")
    biases: bool = option(False, "Biases of the generator's convolutions; as released they are zero. For files that have some.")
    discriminator_width: int = option(64, "Base width of the discriminator; 64 as released.")
    encoder_activation: str = option(
        "leaky_relu", "Of the encoder; 'leaky_relu' as released.", choices=("leaky_relu", "relu", "elu")
    )
    decoder_activation: str = option("relu", "Of the decoder; 'relu' as released.", choices=("leaky_relu", "relu", "elu"))

    # Optimisation
    learning_rate: float = option(2e-3, "Learning rate of the generator: ten times the discriminator's.")
    discriminator_learning_rate: float = option(2e-4, "Learning rate of the discriminator.")
    adversarial_weight: float = option(0.001, "Weight of the adversarial loss; 0 trains without a discriminator.")
    reconstruction_weight: float = option(
        0.999, "Weight of the squared difference; a well-known port's default squares its 0.998, which makes 0.996."
    )
    known_weight: float = option(
        0.0, "Weight of a known pixel's squared difference over a pixel's in the hole; 0: 10 for the centre form, else 1."
    )

    def settled(self, saved):
        known_weight = self.known_weight or (10.0 if self.region == "centre" else 1.0)
        return dataclasses.replace(super().settled(saved), known_weight=known_weight)

    def check(self):
        super().check()
        if self.size != 128:
            raise InputError(f"--size must be 128, not {self.size}: the Context Encoder takes pictures of one size.")
        if (self.region == "centre") != (self.masks == "inner_centre"):
            raise InputError(
                f"--region={self.region} and --masks={self.masks}: the centre form trains with --masks=inner_centre, "
                "the random one with holes anywhere, such as --masks=islands."
            )
