"""The two networks: the generator that completes pictures and the discriminator that trains it."""

from gated_inpaint.networks.discriminator import Discriminator
from gated_inpaint.networks.generator import Completion, Generator

__all__ = ["Completion", "Discriminator", "Generator"]
