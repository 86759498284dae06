"""Weights to measure with, where none are trained: random ones under which every stage has features of ordinary size.

Tiny features would be slow to compute with.
"""

import math

import numpy as np


def randomize(generator):
    """Gives a generator random weights, always the same; returns it."""
    rng = np.random.default_rng(0)
    for variable in generator.variables:
        scale = 2 / math.sqrt(math.prod(variable.shape[:3])) if len(variable.shape) == 4 else 0.2
        variable.assign(rng.normal(0, scale, variable.shape))
    return generator
