"""Coherent semantic attention: fills the hole of a network's features from known ones, one position after the other.

Each position in the hole has a known feature that is most like it, by the cosine. It becomes a mean of that one and of what
was made at the position in the hole before it, in the order of rows: each weighted by how like it the feature itself is. So
neighbours agree with each other.

    made(1) = match(1)
    made(i) = a(i) * made(i - 1) + (1 - a(i)) * match(i)
    a(i) = like(i, made(i - 1)) / (like(i, made(i - 1)) + like(i, match(i)))

"Before" is the hole's position before in raster order, next to it or not. Known features stay as they are.

Cosines can be negative, and a(i) then anything: what is made can grow out of all bounds, and a training end in no numbers.
So by the paper's similarity what is unlike counts as nothing like: 0. Its authors' code lets it be.

The search is one matrix product of the hole's features and all. Only the weights a(i) have to wait for each other: a loop with as
many rounds as the largest hole of the batch has positions, each of a few small operations for all pictures at once.

Reference: "Coherent Semantic Attention for Image Inpainting", arXiv 1905.12384, section 3.2; its authors' code.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.ops.matching import best_known_matches, offsets_to

SIMILARITIES, GRADIENTS = ("cosine", "released"), ("whole", "truncated")
_EPSILON = 1e-8  # Added to lengths, as in the authors' code.


@keras.utils.register_keras_serializable(package="gated_inpaint")
class CoherentSemanticAttention(keras.layers.Layer):
    """Coherent semantic attention. It has no weights.

    Arguments:
      similarity: how like two features are: "cosine", as in the paper, or 0 where it is negative, so that what is made are means of
        known features; or "released", as in its authors' code: the cosine, whatever its sign, times the length of the feature in
        the hole for its match, and times that of what was made before it for that.
      gradient: what features are given of the upstream gradient g, where output = A features for weights A that are taken to be
        constant: g + A' g, A' transposed. "whole": A' is A. "truncated": A' is A without its fractions, as in the authors' code,
        so that most of what was copied into the hole sends nothing back. The g alone is how the hole's own features learn.

    Call with features [batch, height, width, channels], float, and their mask [batch, height, width, 1], 1 in the hole, one a
    picture; each hole has a size of its own. Computed in float32.

    Returns:
      The features with the hole filled, of the same shape; as they are where there is no hole, or where nothing is known. And the
      offsets, int32 [batch, height, width, 2]: from each position in the hole to its match, (rows, columns).

    Features of zeros are like nothing: what is made there is its match.

    Raises:
      ValueError: an argument is none of these.

    Example:
      >>> filled, offsets = CoherentSemanticAttention()(tf.random.normal([2, 32, 24, 64]), tf.zeros([2, 32, 24, 1]))
      >>> filled.shape, offsets.shape
      (TensorShape([2, 32, 24, 64]), TensorShape([2, 32, 24, 2]))
    """

    def __init__(self, similarity="cosine", gradient="whole", **kwargs):
        super().__init__(**kwargs)
        for name, value, choices in (("similarity", similarity, SIMILARITIES), ("gradient", gradient, GRADIENTS)):
            if value not in choices:
                raise ValueError(f"The {name} of coherent semantic attention is one of {', '.join(choices)}, not {value!r}.")
        self.similarity, self.gradient = similarity, gradient

    def call(self, features, mask):
        shape = tf.shape(features)
        batch, height, width, channels = tf.unstack(shape)
        positions = height * width
        something_known = tf.reduce_min(mask, axis=[1, 2, 3], keepdims=True) < 1
        hole = tf.reshape((mask > 0) & something_known, [batch, positions])
        counts = tf.reduce_sum(tf.cast(hole, tf.int32), axis=1)

        # The hole's positions in raster order, then known ones; cut to those of the largest hole. Fewer are filled up, unused.
        order = tf.sort(tf.range(positions) + positions * tf.cast(~hole, tf.int32)) % positions
        rounds = tf.maximum(tf.reduce_max(counts), 1)
        order = order[:, :rounds]
        used = tf.range(positions)[:rounds] < counts[:, tf.newaxis]
        places = tf.stack([tf.zeros_like(order) + tf.range(batch)[:, tf.newaxis], order], axis=-1)

        vectors = tf.reshape(tf.cast(features, tf.float32), [batch, positions, channels])
        constant = tf.stop_gradient(vectors)
        queries = tf.gather(constant, order, axis=1, batch_dims=1)
        matches = best_known_matches(queries, tf.reshape(constant, shape), mask)
        made, weights = self._generate(queries, tf.gather(constant, matches, axis=1, batch_dims=1))

        @tf.custom_gradient
        def filled(vectors):
            def gradient(upstream):
                of_holes = tf.where(used[..., tf.newaxis], tf.gather(upstream, order, axis=1, batch_dims=1), 0.0)
                rows = _attention_of_holes(weights, matches, positions)
                if self.gradient == "truncated":
                    rows = tf.sign(rows) * tf.floor(tf.abs(rows))
                of_copied = tf.matmul(tf.transpose(rows, [1, 2, 0]), of_holes)
                return upstream + tf.where(hole[..., tf.newaxis], 0.0, upstream) + of_copied

            made_or_known = tf.where(used[..., tf.newaxis], made, queries)
            return tf.tensor_scatter_nd_update(vectors, places, made_or_known), gradient

        own = tf.zeros([batch, 1], tf.int32) + tf.range(positions)
        matches_everywhere = tf.tensor_scatter_nd_update(own, places, tf.where(used, matches, order))
        output = tf.cast(tf.reshape(filled(vectors), shape), features.dtype)
        output.set_shape(features.shape)
        offsets = tf.ensure_shape(offsets_to(matches_everywhere, height, width), (*features.shape[:3], 2))
        return output, offsets

    def _generate(self, queries, matched):
        """What is made of the hole's features and their matches, both [batch, holes, channels] in order, and the weights a(i),
        [holes, batch, 1]."""
        likeness = tf.reduce_sum(queries * matched, axis=-1, keepdims=True) / (_length(matched) + _EPSILON)
        directions = queries / (_length(queries) + _EPSILON)
        if self.similarity == "cosine":
            likeness = tf.nn.relu(likeness / (_length(queries) + _EPSILON))
        likeness, directions, matched = (tf.transpose(one, [1, 0, 2]) for one in (likeness, directions, matched))
        holes = tf.shape(matched)[0]
        arrays = [tf.TensorArray(tf.float32, holes, element_shape=one.shape[1:]) for one in (matched, likeness)]

        def make_one(index, before, made, weights):
            like_before = tf.reduce_sum(directions[index] * before, axis=-1, keepdims=True)
            if self.similarity == "cosine":
                like_before = tf.nn.relu(like_before / (_length(before) + _EPSILON))
            # Nothing is before the first one: zeros, which are like nothing.
            weight = tf.math.divide_no_nan(like_before, like_before + likeness[index])
            now = matched[index] + weight * (before - matched[index])
            return index + 1, now, made.write(index, now), weights.write(index, weight)

        nothing = tf.zeros_like(matched[0])
        _, _, made, weights = tf.while_loop(lambda index, *_: index < holes, make_one, (0, nothing, *arrays))
        return tf.transpose(made.stack(), [1, 0, 2]), weights.stack()

    def compute_output_shape(self, features_shape, mask_shape):
        return tuple(features_shape), (*features_shape[:3], 2)

    def compute_output_spec(self, features, mask):  # Of Keras 3, which cannot know that offsets are integers.
        filled, offsets = self.compute_output_shape(features.shape, mask.shape)
        return keras.KerasTensor(filled, self.compute_dtype), keras.KerasTensor(offsets, "int32")

    def get_config(self):
        return {**super().get_config(), "similarity": self.similarity, "gradient": self.gradient}


def _length(vectors):
    return tf.sqrt(tf.reduce_sum(tf.square(vectors), axis=-1, keepdims=True))


def _attention_of_holes(weights, matches, positions):
    """By how much each position counts in what was made: float32 [holes, batch, positions], whose last axis sums to 1.

    weights: [holes, batch, 1]; matches: int32 [batch, holes].
    """
    matched = tf.transpose(matches)
    holes, batch = tf.unstack(tf.shape(matched))

    def add_row(index, before, rows):
        now = before * weights[index] + tf.one_hot(matched[index], positions) * (1.0 - weights[index])
        return index + 1, now, rows.write(index, now)

    rows = tf.TensorArray(tf.float32, holes, element_shape=[matches.shape[0], None])
    start = (0, tf.zeros([batch, positions]), rows)
    return tf.while_loop(lambda index, *_: index < holes, add_row, start)[2].stack()
