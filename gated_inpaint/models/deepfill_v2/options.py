"""Options of a DeepFill v2 training; the defaults are the paper's and its release's."""

import dataclasses

from gated_inpaint.errors import InputError
from gated_inpaint.models.options import TrainingOptions, option


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of DeepFill v2 beside those that all models share."""

    # Networks
    sketch: bool = option(False, "Guided training: by NAME_edge.* beside each photo, or by edges found on the fly.")
    width: int = option(48, "Base width of the generator; 48 as released.")
    convolution: str = option(
        "gated",
        "'gated' as released; or 'partial' or 'vanilla' at the same cost, the paper's ablations.",
        choices=("gated", "partial", "vanilla"),
    )
    discriminator_width: int = option(64, "Base width of the discriminator; 64 as released.")

    # Optimisation
    optimizer: str = option("Adam", "Adam as released, SGD, or any optimiser of TensorFlow Addons where that is installed.")
    learning_rate: float = option(1e-4, "Learning rate of both networks.")
    learning_rate_decay: str = option(
        "none", "'none' as released, or 'cosine': to zero over --decay_steps.", choices=("none", "cosine")
    )
    decay_steps: int = option(0, "Steps until a decaying learning rate is zero; 0: the --steps that the run began with.")
    adversarial_weight: float = option(1.0, "Weight of the adversarial loss; 0 trains without a discriminator.")
    hole_weight: float = option(0.0, "Weight of an additional L1 inside the hole; 0 as released.")
    ema_decay: float = option(0.999, "Decay, per step, of the generator's exponential moving average, which inference uses.")

    @property
    def wants_sketch(self):
        return self.sketch

    def settled(self, saved):
        # More steps must not move the schedule of a run. (Older runs did not save it apart.)
        if saved is not None:
            saved.setdefault("decay_steps", saved["steps"])
        return dataclasses.replace(self, decay_steps=self.decay_steps or (saved["decay_steps"] if saved else self.steps))

    def check(self):
        super().check()
        if self.sketch and self.convolution == "partial":
            raise InputError("--sketch and --convolution=partial: partial convolutions do not see what lies in the hole.")
        if self.size % 8:
            raise InputError(f"--size must be a multiple of 8, not {self.size}.")
