"""Everything that a training run can be told, in one place. `gated-inpaint train` has a flag of the same name for each field."""

import dataclasses
import json
import pathlib
from typing import Optional

from gated_inpaint.errors import InputError


def _option(default, help, may_change_on_resume=False):
    return dataclasses.field(default=default, metadata={"help": help, "may_change_on_resume": may_change_on_resume})


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """Options of a run. Those that may change on resume do so when a run is resumed, with `--override`."""

    run_dir: str = _option(
        "", "Folder of the run: made if it does not exist, resumed if it holds a checkpoint.", may_change_on_resume=True
    )

    # Data
    data: str = _option("", "Photos to train on: a folder, a glob, a list file, TFRecords, or tfds:NAME.")
    validation_data: str = _option("", "Photos to validate on, given like --data; none: no validation.", may_change_on_resume=True)
    size: int = _option(256, "Side of the square crops, a multiple of 8.")
    fit: str = _option("crop", "How photos come to that size: 'crop' at random, or 'resize'.")
    masks: str = _option(
        "union", "Holes: 'union' of strokes and a rectangle, 'strokes', 'rectangle', 'centre', or a folder of masks."
    )
    validation_masks: str = _option("centre", "Holes of the validation, given like --masks.", may_change_on_resume=True)
    sketch: bool = _option(False, "Guided training: by NAME_edge.* beside each photo, or by edges found on the fly.")
    max_bad_fraction: float = _option(0.01, "Stop if more than this share of the photos cannot be read.", may_change_on_resume=True)

    # Network
    width: int = _option(48, "Base width of the generator; 48 as released.")
    convolution: str = _option("gated", "'gated' as released; or 'partial' or 'vanilla' at the same cost, the paper's ablations.")
    discriminator_width: int = _option(64, "Base width of the discriminator; 64 as released.")
    init_weights: Optional[str] = _option(
        None, "Start from these weights: anything that test_main.py reads, the release's included."
    )

    # Optimisation
    batch_size: int = _option(16, "Photos a step, over all devices.")
    steps: int = _option(1_000_000, "Steps of the whole run.", may_change_on_resume=True)
    optimizer: str = _option("Adam", "Adam as released, SGD, or any optimiser of TensorFlow Addons where that is installed.")
    learning_rate: float = _option(1e-4, "Learning rate of both networks.")
    learning_rate_decay: str = _option("none", "'none' as released, or 'cosine': to zero over the steps.")
    adversarial_weight: float = _option(1.0, "Weight of the adversarial loss; 0 trains without a discriminator.")
    hole_weight: float = _option(0.0, "Weight of an additional L1 inside the hole; 0 as released.")
    average_decay: float = _option(0.999, "Decay, per step, of the moving average of the generator that inference uses.")
    seed: int = _option(0, "Decides the initial weights, the order of photos, crops, flips and masks.")

    # Computation
    precision: str = _option("float32", "'float32', or 'bfloat16' for the convolutions.")
    xla: str = _option("auto", "'on', 'off', or 'auto': on where there is a GPU.", may_change_on_resume=True)
    distribution_strategy: str = _option(
        "one_device", "'one_device', 'mirrored' or 'multi_worker_mirrored'.", may_change_on_resume=True
    )

    # What is kept and shown
    checkpoint_every: int = _option(2000, "Steps between checkpoints.", may_change_on_resume=True)
    keep_checkpoints: int = _option(3, "How many of the newest checkpoints are kept.", may_change_on_resume=True)
    validate_every: int = _option(2000, "Steps between validations.", may_change_on_resume=True)
    summarize_every: int = _option(100, "Steps between TensorBoard scalars.", may_change_on_resume=True)

    def check(self):
        """Raises InputError where an option alone, or two together, make no sense."""
        choices = {
            "convolution": ("gated", "partial", "vanilla"),
            "fit": ("crop", "resize"),
            "learning_rate_decay": ("none", "cosine"),
            "precision": ("float32", "bfloat16"),
            "xla": ("auto", "on", "off"),
            "distribution_strategy": ("one_device", "mirrored", "multi_worker_mirrored"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"--{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}.")
        if self.sketch and self.convolution == "partial":
            raise InputError("--sketch and --convolution=partial: partial convolutions do not see what lies in the hole.")
        for name in ("run_dir", "data"):
            if not getattr(self, name):
                raise InputError(f"--{name} is needed.")
        if self.size < 8 or self.size % 8:
            raise InputError(f"--size must be a multiple of 8, not {self.size}.")
        for name in ("batch_size", "steps", "checkpoint_every", "keep_checkpoints", "validate_every", "summarize_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} must be at least 1, not {getattr(self, name)}.")

    def save(self, path):
        pathlib.Path(path).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def differences(cls, path, options):
        """[(name, value in the file, value now, may_change_on_resume)] where saved options differ from `options`."""
        saved = json.loads(pathlib.Path(path).read_text())
        return [
            (field.name, saved.get(field.name, field.default), getattr(options, field.name), field.metadata["may_change_on_resume"])
            for field in dataclasses.fields(cls)
            if saved.get(field.name, field.default) != getattr(options, field.name)
        ]
