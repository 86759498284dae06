"""What is common to exports of both formats: which networks can be exported, and what is said of what was written."""

from typing import NamedTuple, Optional

from gated_inpaint.errors import InputError


class Exported(NamedTuple):
    """What was written."""

    size: int  # Of its files, in bytes.
    missing: Optional[str]  # The network's `finishing`, which is in no export; None where there is none.


def check_exportable(network):
    """Raises InputError for a network whose completion is no graph of TensorFlow operations."""
    if not network.exportable:
        raise InputError(
            f"{type(network).__name__} cannot be exported: it completes by a loop in Python. gated-inpaint complete runs it."
        )
