"""What the optimisation lowers, as one number of the pixels: content, texture and smoothness.

As released (`Objective`):
  content   as the first guess in VGG-19's relu4_2, everywhere
  texture   each 3x3 patch of relu4_1 (in the original form of relu3_1, too) as the patch of the known picture that is most like it
  smoothness  little difference between neighbours

As in the paper (`PaperObjective`):
  content   the pixels of the hole as in the reference: the first guess, then the previous scale's result
  texture   each patch of relu3_1 and relu4_1 in the hole as the nearest one of the same picture outside it
  smoothness  the same, up to the last row and column

The authors' code steers by gradients that it writes down. These are the gradients of this number, where the patches that are most
alike count as given, and automatic differentiation does the rest.

Pictures are as `pictures` has them, one without a batch, in float32, or in float64 to be exact.

Reference: the authors' code (`transfer_CNNMRF_wrapper.lua` and what it requires); arXiv 1611.09969.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

PATCH, STRIDE = 3, 2

CONTENT_LAYER = "relu4_2"
PAPER = "paper"
# By the name of the form: where texture is compared, and, of those released, whether patches are matched again at each step.
LAYERS = {"fast": ("relu4_1",), "original": ("relu3_1", "relu4_1"), PAPER: ("relu3_1", "relu4_1")}
MATCHED_EACH_STEP = {"fast": False, "original": True}


class Weights(NamedTuple):
    """Of the three parts."""

    content: float
    texture: float
    smoothness: float


RELEASED, PUBLISHED = Weights(20.0, 1e-4, 1e-4), Weights(1.0, 5e-6, 5e-6)


class Terms(NamedTuple):
    """The parts of the objective, weighed: scalars."""

    content: tf.Tensor
    texture: tf.Tensor
    smoothness: tf.Tensor


class _Differentiable:
    """A number of a picture and its gradient, as one TensorFlow function of the first picture's shape and dtype."""

    def __init__(self, network):
        self._network, self._function = network, None

    def __call__(self, picture):
        """`Terms` of a picture, and their sum's gradient, of the picture's shape."""
        if self._function is None:
            terms = self._terms_like(picture)
            function = tf.function(lambda picture: _with_gradient(terms, picture), autograph=False)
            self._function = function.get_concrete_function(tf.TensorSpec(picture.shape, picture.dtype))
        return self._function(picture)

    def _maps(self, picture, names):
        return self._network.maps_of(tf.convert_to_tensor(picture)[tf.newaxis], names)


class Objective(_Differentiable):
    """The objective at one scale, as released.

    Arguments:
      network: a `VGG`, VGG-19 as Keras has it, at least to relu4_2.
      content: the first guess at this scale, [height, width, 3].
      sources: the pictures that patches are taken from, [height, width, 3] of several sizes.
      form: "fast" or "original".
      weights: of the parts.
      holes: where sources are not known, bool [height, width] of each; None: they are. Patches that touch a hole are left out, as
        in the paper, unless all do. (The release overwrites the hole beforehand, with copies of what is above and below it.)
    """

    def __init__(self, network, content, sources, form="fast", weights=RELEASED, holes=None):
        super().__init__(network)
        self._weights, self._form = weights, form
        self._content = self._maps(content, [CONTENT_LAYER])[CONTENT_LAYER]
        found, known = ({layer: [] for layer in LAYERS[form]} for _ in range(2))
        for source, hole in zip(sources, holes or [np.zeros(source.shape[:2], bool) for source in sources]):
            for layer, features in self._maps(source, LAYERS[form]).items():
                found[layer].append(patches(features).numpy())
                known[layer].append(_known_patches(hole, network.maps[layer].stride))
        self.patches = {layer: tf.constant(_chosen(found[layer], known[layer])) for layer in found}

    def match(self, picture):
        """{layer: (number of the patch most like each of the picture's, its cosine)}: int64 and float [patches]."""
        return self._matched(self._maps(picture, LAYERS[self._form]))

    def _terms_like(self, first):
        if MATCHED_EACH_STEP[self._form]:
            return lambda picture: self._terms(picture, None)
        wanted = {layer: tf.gather(self.patches[layer], found[0]) for layer, found in self.match(first).items()}
        return lambda picture: self._terms(picture, wanted)

    def _terms(self, picture, wanted):
        maps = self._maps(picture, [*LAYERS[self._form], CONTENT_LAYER])
        if wanted is None:
            matched = self._matched({layer: tf.stop_gradient(maps[layer]) for layer in LAYERS[self._form]})
            wanted = {layer: tf.gather(self.patches[layer], found[0]) for layer, found in matched.items()}
        weights = self._weights
        return Terms(
            weights.content * tf.reduce_mean(tf.square(maps[CONTENT_LAYER] - self._content)),
            0.5 * weights.texture * tf.add_n([_patch_distance(maps[layer], wanted[layer]) for layer in LAYERS[self._form]]),
            0.5 * weights.smoothness * _roughness(picture),
        )

    def _matched(self, maps):
        found = {}
        for layer, features in maps.items():
            of_picture, candidates = patches(features), self.patches[layer]
            lengths = tf.norm(of_picture, axis=1, keepdims=True) * tf.norm(candidates, axis=1)
            cosines = tf.math.divide_no_nan(tf.matmul(of_picture, candidates, transpose_b=True), lengths)
            found[layer] = tf.argmax(cosines, axis=1), tf.reduce_max(cosines, axis=1)
        return found


class PaperObjective(_Differentiable):
    """The objective at one scale, as in the paper.

    A patch is in the hole if its middle is, and may be what another is compared with if none of it is: patches lie at every
    position. A layer without patches of both kinds has no texture to compare.

    Arguments:
      network: as `Objective`'s.
      reference: what the hole's pixels are to stay like, [height, width, 3].
      hole: bool [height, width].
      weights: of the parts.
    """

    def __init__(self, network, reference, hole, weights=PUBLISHED):
        super().__init__(network)
        self._reference, self._weights = reference, weights
        self._hole = tf.constant(hole[..., np.newaxis], reference.dtype)
        self._in_hole, self._known = {}, {}
        for layer in LAYERS[PAPER]:
            cells = _cells(hole, network.maps[layer].stride)
            self._in_hole[layer] = np.flatnonzero(cells.numpy()[0, 1:-1, 1:-1])
            self._known[layer] = np.flatnonzero(~(patches(cells, 1).numpy() > 0).any(axis=1))

    def match(self, picture):
        """{layer: for each patch in the hole the number, of those outside, of the nearest one}: int64 [patches]."""
        return {layer: self._pairs(layer, features)[2] for layer, features in self._maps(picture, LAYERS[PAPER]).items()}

    def _terms_like(self, first):
        return self._terms

    def _terms(self, picture):
        texture = tf.zeros([], picture.dtype)
        for layer, features in self._maps(picture, LAYERS[PAPER]).items():
            if self._in_hole[layer].size and self._known[layer].size:
                in_hole, known, nearest = self._pairs(layer, features)
                wanted = tf.stop_gradient(tf.gather(known, nearest))
                texture += tf.reduce_mean(tf.reduce_sum(tf.square(in_hole - wanted), axis=1))
        down, right = picture[1:] - picture[:-1], picture[:, 1:] - picture[:, :-1]
        return Terms(
            self._weights.content * tf.reduce_sum(tf.square(picture - self._reference) * self._hole),
            self._weights.texture * texture,
            self._weights.smoothness * (tf.reduce_sum(tf.square(down)) + tf.reduce_sum(tf.square(right))),
        )

    def _pairs(self, layer, features):
        """Patches in the hole, patches outside it, and the number of the latter that is nearest to each of the former."""
        found = patches(features, 1)
        in_hole, known = tf.gather(found, self._in_hole[layer]), tf.gather(found, self._known[layer])
        # Squared distances, but for what is the same for all that one patch is compared with.
        distances = tf.reduce_sum(tf.square(known), axis=1) - 2.0 * tf.matmul(in_hole, known, transpose_b=True)
        return in_hole, known, tf.argmin(distances, axis=1)


def _with_gradient(terms_of, picture):
    with tf.GradientTape() as tape:
        tape.watch(picture)
        terms = terms_of(picture)
        total = tf.add_n(list(terms))
    return terms, tape.gradient(total, picture)


def patches(features, stride=STRIDE):
    """The patches of a map, [1, rows, columns, channels], row by row: [patches, PATCH * PATCH * channels]."""
    _, rows, columns, channels = features.shape
    places = [_places(side, stride) for side in (rows, columns)]
    lines = tf.gather(features[0], np.ravel(places[0]), axis=0)
    cells = tf.reshape(tf.gather(lines, np.ravel(places[1]), axis=1), [len(places[0]), PATCH, len(places[1]), PATCH, channels])
    return tf.reshape(tf.transpose(cells, [0, 2, 1, 3, 4]), [-1, PATCH * PATCH * channels])


def _known_patches(hole, stride):
    """Which of the patches of a map, whose positions are `stride` pixels apart, touch no pixel of a hole: bool [patches]."""
    return ~(patches(_cells(hole, stride)).numpy() > 0).any(axis=1)


def _cells(hole, stride):
    """Which positions of a map have a pixel of the hole: float32 [1, rows, columns, 1], 0 or 1."""
    return tf.nn.max_pool2d(hole[np.newaxis, ..., np.newaxis].astype(np.float32), stride, stride, "SAME")


def _chosen(found, known):
    """The patches that are known, or all if none is."""
    known = known if np.any(np.concatenate(known)) else [np.ones_like(one) for one in known]
    return np.concatenate([of_source[one] for of_source, one in zip(found, known)])


def _places(side, stride):
    """The lines of each patch along an axis, [patches, PATCH]: `stride` apart, and at the last that there can be."""
    begins = list(range(0, side - PATCH + 1, stride))
    if begins[-1] != side - PATCH:
        begins.append(side - PATCH)
    return np.array(begins)[:, np.newaxis] + np.arange(PATCH)


def _patch_distance(features, wanted):
    """Squared difference of the map's patches and others, each element over the number of patches that it is in, summed.

    Patches that are 0 are like none and do not count.
    """
    _, rows, columns, channels = features.shape
    shares = []
    for side in (rows, columns):
        places = _places(side, STRIDE)
        shares.append(1.0 / np.bincount(places.ravel(), minlength=side)[places])
    share = np.einsum("ap,bq->abpq", *shares).reshape(-1, PATCH * PATCH, 1)
    found = patches(features)
    counts = tf.cast(tf.reduce_any(found > 0, axis=1), features.dtype)
    squares = tf.reshape(tf.square(found - wanted), [-1, PATCH * PATCH, channels])
    return tf.reduce_sum(squares * tf.constant(share, features.dtype) * counts[:, tf.newaxis, tf.newaxis])


def _roughness(picture):
    """Squared differences of each pixel and the next in both directions, but for the last row and column."""
    inner = picture[:-1, :-1]
    return tf.reduce_sum(tf.square(inner - picture[:-1, 1:]) + tf.square(inner - picture[1:, :-1]))
