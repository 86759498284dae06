"""What the editor's server takes."""

import dataclasses
import os
import pathlib
from typing import Optional

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import DEFAULT_MAX_MEGAPIXELS

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclasses.dataclass(frozen=True)
class EditorOptions:
    """`gated-inpaint edit` has a flag for each field but the first and the last ones."""

    source: Optional[pathlib.Path] = None  # A photo to open, or a folder of photos; None: the page asks for one.
    weights: "tuple[str, ...]" = ("default", "guided")  # Each is what `Inpainter` takes; the first one is chosen at first.
    precision: str = "float32"
    host: str = "127.0.0.1"  # Any other than loopback needs a token.
    port: int = 8300  # 0: any that is free.
    token: Optional[str] = None
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
    max_upload_megabytes: float = 256  # Of one request; four times as much of all requests at once.
    max_held_megabytes: float = 2048  # Of photos and results; those used longest ago are dropped, and the page brings them back.
    max_queue: int = 16  # Completions that wait or run.
    upload_patience: float = 20  # Seconds that headers may take, and then a request, and one more for each 64 KiB that came.

    def check(self):
        """Raises InputError where an option cannot be used."""
        if self.source is not None and not os.path.exists(self.source):
            raise InputError(f"There is no file {self.source}.")
        if self.host not in LOOPBACK and not self.token:
            raise InputError(f"--host={self.host} lets other machines in: give a --token that they have to know.")
        if self.token is not None and (len(self.token) < 8 or not self.token.isascii() or not self.token.isprintable()):
            raise InputError("--token must have at least 8 letters or digits.")
        if not 0 <= self.port <= 65535:
            raise InputError(f"--port must be from 0 to 65535, not {self.port}.")
        for name in ("max_megapixels", "max_upload_megabytes", "max_held_megabytes", "max_queue"):
            if not getattr(self, name) > 0:
                raise InputError(f"--{name} must be more than 0, not {getattr(self, name):g}.")
        names = [name_of(weights) for weights in self.weights]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"Two of --weights are called {name}: rename one, for people choose by names.")


def name_of(weights):
    """What weights are called in the API and on the page: their file's or folder's name, without .npz."""
    return pathlib.Path(weights).resolve().name.removesuffix(".npz")
