"""Options of a DeepFill v1 training; the defaults are those of the paper's release."""

import dataclasses

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions, option


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of DeepFill v1 beside those that all models share."""

    flip: bool = option(False, "Mirror every other photo, at random; not as released.")
    masks: str = option("box", "Holes: 'box', a rectangle in a box of half the picture's sides, which the local critic looks at.")

    # Networks
    width: int = option(32, "Base width of the generator; 32 as released.")
    critic_width: int = option(64, "Base width of both critics; 64 as released.")

    # Optimisation
    learning_rate: float = option(1e-4, "Learning rate of all networks; they share one Adam.")
    critic_steps: int = option(5, "Steps of the critics before each of the generator's, each with photos of its own.")
    adversarial_weight: float = option(0.001, "Weight of the adversarial loss; 0 trains without critics.")
    gradient_penalty_weight: float = option(10.0, "Weight of the gradient penalty in the critics' loss.")
    hole_weight: float = option(1.2, "Weight of the discounted L1 in the box around the hole.")
    known_weight: float = option(1.2, "Weight of the L1 outside the hole.")
    coarse_weight: float = option(1.2, "Weight of the first stage's L1, over that of the second.")
    discount: float = option(0.9, "Of the L1 in the box, for each pixel away from its sides; 0.9 as released, 0.99 in the paper.")

    def check(self):
        super().check()
        if self.masks != "box":
            raise InputError(f"--masks must be 'box', not {self.masks!r}: the local critic looks at the box around a hole.")
        if self.size % 8:
            raise InputError(f"--size must be a multiple of 8, not {self.size}.")
        if self.critic_steps < 1:
            raise InputError(
                f"--critic_steps must be at least 1, not {self.critic_steps}; --adversarial_weight=0 trains without critics."
            )
        if not 0 < self.discount <= 1:
            raise InputError(f"--discount must be above 0 and at most 1, not {self.discount}.")
