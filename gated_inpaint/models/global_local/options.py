"""Options of a Global&Local training; the defaults are the paper's."""

import dataclasses

from gated_inpaint.errors import InputError
from gated_inpaint.models.global_local.blocks import LAYER_ORDERS
from gated_inpaint.models.global_local.completion_network import MEAN_USES, PICTURE_RANGES
from gated_inpaint.models.options import TrainingOptions, option

_MASKS_WITH_BOX = ("rectangle_in_box", "box")


@dataclasses.dataclass(frozen=True)
class Options(TrainingOptions):
    """Options of Global&Local beside those that all models share."""

    flip: bool = option(False, "Mirror every other photo, at random; not in the paper.")
    fit: str = option(
        "scale",
        "How photos come to the size: the short side resized to 1 to 1.5 times it, and a crop, as in the paper; 'crop', 'resize'.",
        choices=("crop", "scale", "resize"),
    )
    masks: str = option(
        "rectangle_in_box", "Holes: 'rectangle_in_box', or 'box' as of DeepFill v1: the local discriminator looks at the box."
    )
    batch_size: int = option(96, "Photos a batch, over all devices.")
    steps: int = option(500_000, "Steps of the whole run, all three phases.", True)

    # Networks
    width: int = option(64, "Base width of the completion network; 64 in the paper.")
    discriminator_width: int = option(64, "Base width of both discriminators; 64 in the paper.")
    global_convolutions: int = option(6, "Rows of the whole picture's discriminator; 6 in the paper, 5 in its form for CelebA.")
    layer_order: str = option(
        "norm_relu", "Normalise before the ReLU, as the paper; or 'relu_norm', after it, as its PyTorch port.", choices=LAYER_ORDERS
    )
    mean_use: str = option(
        "subtracted",
        "The training set's mean colour: 'subtracted' from known pixels, as the paper; or 'filled' into the hole, as the port.",
        choices=MEAN_USES,
    )
    picture_range: str = option(
        "unit", "Pictures inside the networks: 'unit', in [0, 1], as the paper; or 'signed', as mmagic.", choices=PICTURE_RANGES
    )

    # Optimisation
    completion_steps: int = option(90_000, "Steps of the first phase, of the completion network alone.")
    discriminator_steps: int = option(10_000, "Steps of the second phase, of the discriminator alone. The rest trains both.")
    optimizer: str = option("Adadelta", "Adadelta as in the paper, or any of Keras or, where it is installed, of Addons.")
    learning_rate: float = option(1.0, "Learning rate of both networks; 1 is Adadelta's own.")
    adversarial_weight: float = option(4e-4, "Weight of the adversarial loss, alpha; 0 trains the completion network alone.")
    shown: str = option(
        "output",
        "What the discriminator is shown of completed pictures: the network's whole 'output', or the 'composite' with the photo.",
        choices=("output", "composite"),
    )
    port_slips: bool = option(
        False,
        "As the PyTorch port: the second phase moves the completion network's running statistics, and in the third the gradients "
        "that its steps leave on the discriminator go into the discriminator's next step.",
    )

    def check(self):
        super().check()
        if self.masks not in _MASKS_WITH_BOX:
            raise InputError(
                f"--masks must be one of {', '.join(_MASKS_WITH_BOX)}, not {self.masks!r}: "
                "the local discriminator looks at the box around a hole."
            )
        if self.size % 4:
            raise InputError(f"--size must be a multiple of 4, not {self.size}.")
        if self.width < 2 or self.width % 2:
            raise InputError(f"--width must be a positive even number, not {self.width}.")
        for name in ("completion_steps", "discriminator_steps"):
            if getattr(self, name) < 0:
                raise InputError(f"--{name} must not be negative, but is {getattr(self, name)}.")
