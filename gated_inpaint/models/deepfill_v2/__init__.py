"""The two networks: the generator that completes pictures and the discriminator that trains it."""

from gated_inpaint.models.deepfill_v2.discriminator import Discriminator
from gated_inpaint.models.deepfill_v2.generator import Completion, Generator

__all__ = ["Completion", "Discriminator", "Generator"]
