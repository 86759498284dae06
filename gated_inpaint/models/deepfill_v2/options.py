"""Options of a DeepFill v2 training; the defaults are the paper's and its release's."""

import dataclasses
from typing import Optional

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
    optimizer: str = option("Adam", "Adam as released, or any optimiser of Keras, or of TensorFlow Addons where that is installed.")
    learning_rate: float = option(1e-4, "Learning rate of both networks.")
    discriminator_learning_rate: float = option(
        0.0, "Learning rate of the discriminator, and of the critics on features, if it is not that of the generator; 0: the same."
    )
    learning_rate_decay: str = option(
        "none", "'none' as released, or 'cosine': to zero over --decay_steps.", choices=("none", "cosine")
    )
    decay_steps: int = option(0, "Steps until a decaying learning rate is zero; 0: the --steps that the run began with.")
    adversarial_weight: float = option(1.0, "Weight of the adversarial loss; 0 trains without a discriminator.")
    hole_weight: float = option(0.0, "Weight of an additional L1 inside the hole; 0 as released.")
    hole_mean_weight: float = option(0.0, "Weight of an additional L1 inside the hole, divided by each hole's area; 0 as released.")
    ema_decay: float = option(0.999, "Decay, per step, of the generator's exponential moving average, which inference uses.")

    # Critics on frozen features, beside the discriminator: no part of the paper.
    feature_network: Optional[str] = option(
        None, "File of a pretrained network, on whose features critics are trained; without one there are none.", True
    )
    feature_network_md5: str = option("", "MD5 of that file, which is checked; empty: that of the file when the run began.")
    feature_maps: str = option("", "Names of the network's maps that have a critic, by commas; empty: those that suit it.")
    feature_critics_weight: float = option(0.1, "Weight of these critics' adversarial loss.")
    feature_matching_weight: float = option(
        0.5, "Weight of the distance of these features, completed picture against photo; it needs no critic."
    )

    @property
    def wants_sketch(self):
        return self.sketch

    def settled(self, saved):
        # More steps must not move the schedule of a run. (Older runs did not save it apart.)
        if saved is not None:
            saved.setdefault("decay_steps", saved["steps"])
        decay_steps = self.decay_steps or (saved["decay_steps"] if saved else self.steps)
        md5 = self.checked_md5("feature_network", saved)
        return dataclasses.replace(super().settled(saved), decay_steps=decay_steps, feature_network_md5=md5)

    def check(self):
        super().check()
        if self.sketch and self.convolution == "partial":
            raise InputError("--sketch and --convolution=partial: partial convolutions do not see what lies in the hole.")
        if self.size % 8:
            raise InputError(f"--size must be a multiple of 8, not {self.size}.")
        if not self.feature_network and (self.feature_network_md5 or self.feature_maps):
            raise InputError("--feature_network_md5 and --feature_maps are of a network that --feature_network has to name.")
