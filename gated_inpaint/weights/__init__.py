"""Weights: from files to a generator, and from one format to another.

Two formats, both keyed by the names in the authors' checkpoints (`inpaint_net/conv1/kernel`, ...):

  a TensorFlow 1 checkpoint, as the authors released it: a folder, or a prefix such as `folder/snap-0`; pictures are BGR there;
  a flat `.npz` of arrays, never pickled; pictures are RGB, as everywhere in this package. It also holds networks of partial and
  vanilla convolutions, which the authors' graph cannot read; the names say so: `inpaint_net_partial/conv1/kernel`, ...

`gated-inpaint weights convert SOURCE TARGET` goes from one to the other.
"""

from gated_inpaint.weights.formats import read_arrays, write_arrays
from gated_inpaint.weights.loading import DEFAULT_WEIGHTS, assign_arrays, load_generator

__all__ = ["DEFAULT_WEIGHTS", "assign_arrays", "load_generator", "read_arrays", "write_arrays"]
