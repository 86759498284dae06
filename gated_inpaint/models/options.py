"""What a training run can be told: `TrainingOptions` has what every model shares, and each model's own class adds its paper's.

`train_main.py` has a flag of the same name for each field.
"""

import dataclasses
import json
import pathlib
from typing import Optional

from gated_inpaint.errors import InputError
from gated_inpaint.features import file_md5
from gated_inpaint.files.writing import write_whole


def option(default, help, may_change_on_resume=False, choices=None):
    """A field of options: its default, a line of help, and the values it may have if they are few."""
    metadata = {"help": help, "may_change_on_resume": may_change_on_resume, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """Options that all models share. A model's class gives its paper's defaults; those marked may change, with `--override`."""

    run_dir: str = option("", "Folder of the run: made if it does not exist, resumed if it holds a checkpoint.", True)

    # Data
    data: str = option("", "Photos to train on: a folder, a glob, a list file, TFRecords, or tfds:NAME.")
    validation_data: str = option("", "Photos to validate on, given like --data; none: no validation.", True)
    size: int = option(256, "Side of the square crops, in pixels.")
    fit: str = option(
        "crop",
        "How photos come to that size: 'crop' at random, 'scale' and crop at random, or 'resize'.",
        choices=("crop", "scale", "resize"),
    )
    flip: bool = option(True, "Mirror every other photo, at random.")
    masks: str = option("union", "Holes: the name of a kind that masks.py draws, or a folder of masks.")
    validation_masks: str = option("centre", "Holes of the validation, given like --masks.", True)
    max_bad_fraction: float = option(0.01, "Stop if more than this share of the photos cannot be read.", True)

    # Optimisation
    init_weights: Optional[str] = option(
        None, "Start from these weights: anything that test_main.py reads, the release's included."
    )
    batch_size: int = option(16, "Photos a batch, over all devices.")
    steps: int = option(1_000_000, "Steps of the whole run.", True)
    seed: int = option(0, "Decides the initial weights, the order of photos, crops, flips and masks.")

    # Losses that any model can have beside its own; see `models.added_losses`.
    perceptual_network: Optional[str] = option(
        None, "File of a pretrained network, such as VGG-16, in whose maps completed pictures are compared with photos.", True
    )
    perceptual_network_md5: str = option("", "MD5 of that file, which is checked; empty: that of the file when the run began.")
    perceptual_maps: str = option("", "Names of the network's maps that are compared, by commas; empty: those that suit it.")
    perceptual_weight: float = option(0.05, "Weight of the L1 of these maps; there is none without --perceptual_network.")
    style_weight: float = option(120.0, "Weight of the L1 of their Gram matrices; there is none without --perceptual_network.")
    total_variation_weight: float = option(0.0, "Weight of the variation in the hole.")

    # Computation
    precision: str = option("float32", "'float32', or 'bfloat16' for the convolutions.", choices=("float32", "bfloat16"))
    xla: str = option("auto", "'on', 'off', or 'auto': on where there is a GPU.", True, ("auto", "on", "off"))
    distribution_strategy: str = option(
        "one_device", "Devices to train on.", True, ("one_device", "mirrored", "multi_worker_mirrored")
    )

    # What is kept and shown
    checkpoint_every: int = option(2000, "Steps between checkpoints.", True)
    keep_checkpoints: int = option(3, "How many of the newest checkpoints are kept.", True)
    validate_every: int = option(2000, "Steps between validations.", True)
    summarize_every: int = option(100, "Steps between TensorBoard scalars.", True)

    @property
    def wants_sketch(self):
        """Whether examples need a sketch."""
        return False

    def check(self):
        """Raises InputError where an option alone, or two together, make no sense."""
        for field in dataclasses.fields(self):
            choices, value = field.metadata["choices"], getattr(self, field.name)
            if choices and value not in choices:
                raise InputError(f"--{field.name} must be one of {', '.join(choices)}, not {value!r}.")
        for name in ("run_dir", "data"):
            if not getattr(self, name):
                raise InputError(f"--{name} is needed.")
        for name in ("size", "batch_size", "steps", "checkpoint_every", "keep_checkpoints", "validate_every", "summarize_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} must be at least 1, not {getattr(self, name)}.")
        if not self.perceptual_network and (self.perceptual_network_md5 or self.perceptual_maps):
            raise InputError("--perceptual_network_md5 and --perceptual_maps are of the network that --perceptual_network names.")

    def settled(self, saved):
        """These options with what was left open decided: as when the run began if it did, with `saved`, else None."""
        return dataclasses.replace(self, perceptual_network_md5=self.checked_md5("perceptual_network", saved))

    def checked_md5(self, name, saved):
        """The MD5 of the pretrained network that an option names: it is in no checkpoint, so the run must go on with its file.

        Raises:
          InputError: it is not that which the options ask for, or which the run began with.
        """
        path, expected = getattr(self, name), getattr(self, f"{name}_md5") or (saved or {}).get(f"{name}_md5", "")
        if not path:
            return getattr(self, f"{name}_md5")
        found = file_md5(path)
        if expected and found != expected:
            raise InputError(f"--{name}={path} has the MD5 {found}, and this run needs {expected}.")
        return found

    def save(self, path, model):
        """Writes the options of a run of a model, by name, as JSON."""
        write_whole(path, (json.dumps({"model": model, **dataclasses.asdict(self)}, indent=2) + "\n").encode())

    def differences(self, saved):
        """[(name, value saved, value now, may it change on resume)] where `saved`, a dictionary, differs from these options.

        Where the run's folder lies is no difference: it may be moved, or called by another name.
        """
        return [
            (field.name, saved.get(field.name, field.default), getattr(self, field.name), field.metadata["may_change_on_resume"])
            for field in dataclasses.fields(self)
            if field.name != "run_dir" and saved.get(field.name, field.default) != getattr(self, field.name)
        ]


def read_saved(path):
    """The dictionary that `TrainingOptions.save` wrote; "model" and today's names for what older runs say in other words.

    Raises:
      InputError: it is not there or cannot be read.
    """
    try:
        saved = json.loads(pathlib.Path(path).read_text())
    except FileNotFoundError as error:
        raise InputError(f"There is no run in {pathlib.Path(path).parent}: it has no {pathlib.Path(path).name}.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    saved.setdefault("model", "deepfill_v2")
    if "average_decay" in saved:
        saved["ema_decay"] = saved.pop("average_decay")
    return saved
