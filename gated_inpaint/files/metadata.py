"""What a picture file says beside its pixels, and what of it goes along to a result."""

from typing import NamedTuple, Optional


class Metadata(NamedTuple):
    """What goes along from a photo to its result."""

    format: str = "PNG"  # The file's, by Pillow's name.
    icc_profile: Optional[bytes] = None
