"""LPIPS and FID, with networks that the user has: their weights are not ours to bundle, and nothing is downloaded.

Both are given by path.

  LPIPS  a SavedModel of two pictures, float32 [1, height, width, 3], RGB in [-1, 1], whose one output is their distance
         ("The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018)
  FID    a SavedModel of a picture, float32 [1, height, width, 3], RGB from 0 to 255, whose one output is its features; or the file
         (.pb) of the frozen Inception graph of 2015 that published figures are made with
         ("GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017)

The SavedModel's signature is `serving_default` (`keras.Model.export` writes it); resizing and scaling are its own part. The fewer
the pictures, the higher the FID: figures compare only where the number of pictures is the same.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError
from gated_inpaint.files.pairing import digest

# Tensors of the frozen graph: pictures from 0 to 255, and the 2048 features behind the last pooling.
_FROZEN_INPUT, _FROZEN_OUTPUT = "ExpandDims:0", "pool_3:0"


class Lpips:
    """Arguments: the network's path. Raises InputError if it cannot be used. Its `description` tells it from others."""

    def __init__(self, path):
        self._path = path
        self._network = _SavedModel(path, pictures=2)
        self.description = _description(path)

    def __call__(self, photo, completed):
        """The distance of two pictures, uint8 [height, width, 3]: a float."""
        distance = self._network(*(_batch(picture) / 127.5 - 1.0 for picture in (photo, completed)))
        if distance.size != 1:
            raise InputError(f"The LPIPS network {self._path} gives {distance.size} numbers for two pictures, not one distance.")
        return float(_finite(distance, self._path).item())


class FidFeatures:
    """Arguments: the network's path. Raises InputError if it cannot be used. Its `description` tells it from others."""

    def __init__(self, path):
        self._path = path
        self._network = _FrozenGraph(path) if str(path).endswith(".pb") else _SavedModel(path, pictures=1)
        self.description = _description(path)

    def __call__(self, pictures):
        """Features of an iterable of pictures, uint8 [height, width, 3]: float64 [pictures, features]."""
        features = [_finite(self._network(_batch(picture)), self._path).reshape(-1) for picture in pictures]
        lengths = sorted({len(one) for one in features})
        if len(lengths) > 1:
            raise InputError(f"The FID network {self._path} gives {lengths[0]} features of one picture, {lengths[-1]} of another.")
        return np.stack(features).astype(np.float64)


def frechet_distance(features, others):
    """The Frechet distance of two sets of features, float64 [number, features], taken as normally distributed.

    That is |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) with means m and covariances C. If C = R^T R, the eigenvalues of C1 C2 are
    the squares of the singular values of R1 R2^T; and a QR decomposition of the features gives R without C and its rounding errors.

    Raises:
      InputError: a set has fewer than two, which have no covariance.
    """
    if min(len(features), len(others)) < 2:
        raise InputError("FID needs at least two pictures.")
    difference = features.mean(axis=0) - others.mean(axis=0)
    root, other_root = (np.linalg.qr((one - one.mean(axis=0)) / np.sqrt(len(one) - 1), mode="r") for one in (features, others))
    trace_of_root = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    return float((difference**2).sum() + (root**2).sum() + (other_root**2).sum() - 2.0 * trace_of_root)


class _SavedModel:
    """A function of pictures, float32 [1, height, width, 3], to an array."""

    def __init__(self, path, pictures):
        if not os.path.isfile(os.path.join(path, "saved_model.pb")):
            raise InputError(f"{path} is no SavedModel: a folder with a saved_model.pb.")
        try:
            self._model = tf.saved_model.load(path)  # Kept, for it owns the variables.
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise InputError(f"The SavedModel {path} cannot be read: {_first_line(error)}") from error
        signature = self._model.signatures.get("serving_default")
        if signature is None:
            raise InputError(f"The SavedModel {path} has no signature serving_default, only {sorted(self._model.signatures)}.")
        declared = signature.structured_input_signature[1]
        self._inputs, self._shapes = sorted(declared), [spec.shape for spec in declared.values()]
        if len(self._inputs) != pictures or len(signature.structured_outputs) != 1:
            raise InputError(
                f"The SavedModel {path} takes {len(self._inputs)} and gives {len(signature.structured_outputs)} tensors; it must "
                f"take {pictures} and give 1."
            )
        self._path, self._signature = path, signature

    def __call__(self, *pictures):
        shape = list(pictures[0].shape)
        if not all(declared.is_compatible_with(shape) for declared in self._shapes):  # TensorFlow itself does not look.
            raise InputError(f"The network {self._path} takes tensors of shape {self._shapes[0]}, and the pictures are {shape}.")
        try:
            (output,) = self._signature(**dict(zip(self._inputs, pictures))).values()
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise InputError(f"The network {self._path} cannot be given pictures of shape {shape}: {_first_line(error)}") from error
        return output.numpy()


class _FrozenGraph:
    def __init__(self, path):
        graph = tf.compat.v1.GraphDef()
        try:
            with open(path, "rb") as file:
                graph.ParseFromString(file.read())
            imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
            self._function = imported.prune(_FROZEN_INPUT, _FROZEN_OUTPUT)
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror}.") from error
        except Exception as error:  # Protocol buffers' own, found in other places from release to release.
            raise InputError(
                f"{path} is no frozen graph from {_FROZEN_INPUT} to {_FROZEN_OUTPUT}, as that of Inception is: {_first_line(error)}"
            ) from error

    def __call__(self, picture):
        return self._function(picture).numpy()


def _description(path):
    files = sorted(one for one in pathlib.Path(path).rglob("*") if one.is_file()) if os.path.isdir(path) else [path]
    return f"{path} (sha256 {digest(files)})"


def _finite(output, path):
    if not np.issubdtype(output.dtype, np.number) or not np.isfinite(output).all():
        raise InputError(f"The network {path} gives values that are no finite numbers.")
    return output


def _batch(picture):
    return tf.constant(picture[np.newaxis], tf.float32)


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]
