"""Everything that an evaluation can be told. `gated-inpaint evaluate` has a flag of the same name for each field."""

import dataclasses
from typing import Optional

from gated_inpaint.errors import InputError

_SMALLEST_SIZE = 32  # In pixels.


@dataclasses.dataclass(frozen=True)
class EvaluationOptions:
    """What to evaluate, on what, to where."""

    images: str  # A folder, glob or list of photos; see `protocol`.
    output: str  # The folder to write to; made if need be.
    masks: tuple[str, ...] = ("centre", "free_form")  # Kinds or folders; see `protocol`.
    methods: tuple[str, ...] = ("ours", "telea", "navier_stokes", "mean")  # See `methods`.
    size: int = 256  # Side of the pictures, in pixels.
    seed: int = 0  # Of the masks that are drawn.
    sheet_photos: int = 4  # On the sheet, spread evenly over all.
    save_pictures: bool = False  # Of all photos, not only of the sheet's.
    lpips_network: Optional[str] = None  # See `perceptual`.
    fid_network: Optional[str] = None

    def check(self):
        """Raises InputError where an option makes no sense."""
        if not self.output:
            raise InputError("--output must name a folder.")
        if self.size < _SMALLEST_SIZE:
            raise InputError(f"--size must be at least {_SMALLEST_SIZE}, not {self.size}: smaller strokes can be empty.")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"--seed must be from 0 to 2^63 - 1, not {self.seed}.")
        if self.sheet_photos < 1:
            raise InputError(f"--sheet_photos must be at least 1, not {self.sheet_photos}.")
        for name in ("masks", "methods"):
            if not getattr(self, name):
                raise InputError(f"--{name} must name at least one.")
        if self.fid_network and not self.save_pictures:
            raise InputError("--fid_network needs --save_pictures: FID is computed from all pictures together, at the end.")
