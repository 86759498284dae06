"""The Keras layers that the networks are made of, each usable alone."""

from gated_inpaint.layers.batch_norm import BatchNorm
from gated_inpaint.layers.coherent_semantic_attention import CoherentSemanticAttention
from gated_inpaint.layers.contextual_attention import ContextualAttention
from gated_inpaint.layers.gated_conv import GatedConv2D
from gated_inpaint.layers.instance_norm import InstanceNorm
from gated_inpaint.layers.partial_conv import PartialConv2D
from gated_inpaint.layers.shift import Shift
from gated_inpaint.layers.spectral_norm import SpectralNorm
from gated_inpaint.layers.vanilla_conv import VanillaConv2D

__all__ = [
    "BatchNorm",
    "CoherentSemanticAttention",
    "ContextualAttention",
    "GatedConv2D",
    "InstanceNorm",
    "PartialConv2D",
    "Shift",
    "SpectralNorm",
    "VanillaConv2D",
]
