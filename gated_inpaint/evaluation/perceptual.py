"""Distances of pictures as networks see them. The networks are the user's: their weights are not ours to bundle, and nothing is
downloaded.

All are given by path. Of any network of pictures to maps, as `features.load_feature_network` reads them:

  perceptual     of two pictures: `losses.perceptual.feature_distance` of the maps that are compared
  Frechet (MAP)  of two sets of pictures: the Frechet distance of a map's means over its positions, taken as normally distributed

The maps that are compared are the last of each size: of EfficientNet-Lite2 those behind blocks 0, 3, 6 and 14, at 1/2 to 1/16 of
the picture's side, and 20 at 1/32. The early ones see texture, the late ones what the picture shows. A network must not be
the one that a method was trained with.

Of networks for one purpose:

  LPIPS  a SavedModel of two pictures, float32 [1, height, width, 3], RGB in [-1, 1], whose one output is their distance
         ("The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018)
  FID    a SavedModel of a picture, float32 [1, height, width, 3], RGB from 0 to 255, whose one output is its features; or the file
         (.pb) of the frozen Inception graph of 2015 that published figures are made with
         ("GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017)

The SavedModel's signature is `serving_default` (`keras.Model.export` writes it); resizing and scaling are its own part. The fewer
the pictures, the higher a Frechet distance: figures compare only where the number of pictures is the same.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError, first_line
from gated_inpaint.features import load_feature_network
from gated_inpaint.features.saved_model import SavedModel
from gated_inpaint.files.pairing import digest
from gated_inpaint.losses.perceptual import feature_distance

# Tensors of the frozen graph: pictures from 0 to 255, and the 2048 features behind the last pooling.
_FROZEN_INPUT, _FROZEN_OUTPUT = "ExpandDims:0", "pool_3:0"


class Lpips:
    """Arguments: the network's path. Raises InputError if it cannot be used. Its `description` tells it from others."""

    def __init__(self, path):
        self._path = path
        self._network = _one_output(path, pictures=2)
        self.description = _description(path)

    def __call__(self, photo, completed):
        """The distance of two pictures, uint8 [height, width, 3]: a float."""
        distance = self._network(*(_from_minus_1(picture) for picture in (photo, completed)))
        if distance.size != 1:
            raise InputError(f"The LPIPS network {self._path} gives {distance.size} numbers for two pictures, not one distance.")
        return float(_finite(distance, self._path).item())


class FidFeatures:
    """Arguments: the network's path. Raises InputError if it cannot be used. Its `description` tells it from others."""

    def __init__(self, path):
        self._path = path
        self._network = _FrozenGraph(path) if str(path).endswith(".pb") else _one_output(path, pictures=1)
        self.description = _description(path)

    def __call__(self, pictures):
        """Features of an iterable of pictures, uint8 [height, width, 3]: float64 [pictures, features]."""
        features = [_finite(self._network(_batch(picture)), self._path).reshape(-1) for picture in pictures]
        lengths = sorted({len(one) for one in features})
        if len(lengths) > 1:
            raise InputError(f"The FID network {self._path} gives {lengths[0]} features of one picture, {lengths[-1]} of another.")
        return np.stack(features).astype(np.float64)


class Features:
    """A feature network as a metric. Arguments: its path. Raises InputError if it cannot be used.

    Attributes:
      maps: names of the maps that are compared, from fine to coarse.
      description: tells it from others.
    """

    def __init__(self, path):
        self._path = path
        self._network = load_feature_network(path)
        self.description = f"{self._network.name}, {_description(path)}"
        last_of_stride = {one.stride: name for name, one in self._network.maps.items()}
        self.maps = [last_of_stride[stride] for stride in sorted(last_of_stride)]

        @tf.function(autograph=False)
        def distance(photo, completed):
            return feature_distance(*(self._network(picture, self.maps) for picture in (photo, completed)))

        @tf.function(autograph=False)
        def means(picture):
            return {name: tf.reduce_mean(found, axis=[0, 1, 2]) for name, found in self._network(picture, self.maps).items()}

        self._distance, self._means = distance, means

    def __call__(self, photo, completed):
        """The perceptual distance of two pictures, uint8 [height, width, 3]: a float."""
        return float(_finite(self._distance(*(_from_minus_1(picture) for picture in (photo, completed))).numpy()[0], self._path))

    def means(self, pictures):
        """{map: float64 [pictures, channels]}: means over the positions, of an iterable of pictures, uint8 [height, width, 3]."""
        found = [{name: mean.numpy() for name, mean in self._means(_from_minus_1(picture)).items()} for picture in pictures]
        return {name: np.stack([_finite(one[name], self._path) for one in found]).astype(np.float64) for name in self.maps}


def frechet_distance(features, others):
    """The Frechet distance of two sets of features, float64 [number, features], taken as normally distributed.

    That is |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) with means m and covariances C. If C = R^T R, the eigenvalues of C1 C2 are
    the squares of the singular values of R1 R2^T; and a QR decomposition of the features gives R without C and its rounding errors.

    Raises:
      InputError: a set has fewer than two, which have no covariance.
    """
    if min(len(features), len(others)) < 2:
        raise InputError("A Frechet distance needs at least two pictures of each kind.")
    difference = features.mean(axis=0) - others.mean(axis=0)
    root, other_root = (np.linalg.qr((one - one.mean(axis=0)) / np.sqrt(len(one) - 1), mode="r") for one in (features, others))
    trace_of_root = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    return float((difference**2).sum() + (root**2).sum() + (other_root**2).sum() - 2.0 * trace_of_root)


def _one_output(path, pictures):
    """A function of pictures, float32 [1, height, width, 3], to the array that a SavedModel makes of them."""
    network = SavedModel(path, pictures)
    if len(network.outputs) != 1:
        raise InputError(f"The SavedModel {path} gives {len(network.outputs)} tensors; it must give 1.")
    return lambda *pictures: next(iter(network(*pictures).values())).numpy()


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
                f"{path} is no frozen graph from {_FROZEN_INPUT} to {_FROZEN_OUTPUT}, as that of Inception is: {first_line(error)}"
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


def _from_minus_1(picture):
    return _batch(picture) / 127.5 - 1.0


def _batch(picture):
    return tf.constant(picture[np.newaxis], tf.float32)
