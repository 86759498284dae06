"""Which networks can be exported, and what an export says of itself."""

from typing import NamedTuple, Optional

from gated_inpaint.errors import InputError


class Exported(NamedTuple):
    """What was written."""

    size: int  # Of its files, in bytes.
    missing: Optional[str]  # What `gated-inpaint complete` can do with these weights and the export cannot; None for nothing.


def check_exportable(network):
    """Raises InputError for a network whose completion is no graph of TensorFlow operations."""
    if not network.exportable:
        raise InputError(
            f"{type(network).__name__} cannot be exported: it completes by a loop in Python. gated-inpaint complete runs it."
        )


def missing_from_exports(network):
    """As in `Exported`."""
    return network.finishing
