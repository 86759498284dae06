"""Weights: from files to a network, and from one format to another.

Two formats are read and written, both keyed by the names in the authors' files (`inpaint_net/conv1/kernel`, ...):

  a TensorFlow 1 checkpoint, as DeepFill's authors released them: a folder, or a prefix such as `folder/snap-0`; pictures are BGR
  there;
  a flat `.npz` of arrays, never pickled; pictures are RGB, as everywhere in this package. It names its model, and the config that
  the network is constructed from.

Files of Torch7 (`.t7`) and PyTorch (`.pth`), as other authors released their networks, are read only, without either.

Three come with the package, "default", "guided" and "thin", and are found by these names wherever weights are read.

`gated-inpaint weights convert SOURCE TARGET` goes from one to another.
"""

from gated_inpaint.weights.formats import BUNDLED, Weights, bundled_name, read_weights, write_weights
from gated_inpaint.weights.loading import assign_arrays, load_network, weights_of

__all__ = ["BUNDLED", "Weights", "assign_arrays", "bundled_name", "load_network", "read_weights", "weights_of", "write_weights"]
