"""The shift layer: fills the hole of a decoder's features with the encoder's from known positions.

For each position in the hole, the known position is found whose feature in the encoder is most
like, by the cosine, the decoder's feature in the hole. The encoder's feature there is copied.

Reference: "Shift-Net: Image Inpainting via Deep Feature Rearrangement", arXiv 1801.09392, section 3.
"""

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.ops.matching import best_known_matches, offsets_to


@keras.utils.register_keras_serializable(package="gated_inpaint")
class Shift(keras.layers.Layer):
    """The shift layer. It has no weights.

    Call with features [batch, height, width, 2 * channels], float: the decoder's, then the
    encoder's; and with their mask [batch, height, width, 1], 1 in the hole, one a picture.

    Returns:
      The features with `channels` more behind them, [batch, height, width, 3 * channels]: what was
      copied into the hole, zeros outside it and where nothing is known. And the offsets, int32
      [batch, height, width, 2]: from each position in the hole to where its copy is from, (rows,
      columns).

    Gradients go to what was copied as if the choice were fixed.

    Raises:
      ValueError: the features have an odd number of channels.

    Example:
      >>> filled, offsets = Shift()(tf.random.normal([2, 32, 24, 64]), tf.zeros([2, 32, 24, 1]))
      >>> filled.shape, offsets.shape
      (TensorShape([2, 32, 24, 96]), TensorShape([2, 32, 24, 2]))
    """

    def call(self, features, mask):
        if features.shape[-1] % 2:
            raise ValueError(f"A shift layer takes two halves of equally many channels, not {features.shape[-1]} together.")
        decoder, encoder = tf.split(features, 2, axis=-1)
        batch, height, width, channels = tf.unstack(tf.shape(encoder))
        matches = best_known_matches(tf.reshape(decoder, [batch, height * width, channels]), encoder, mask)
        copied = tf.gather(tf.reshape(encoder, [batch, height * width, channels]), matches, axis=1, batch_dims=1)
        something_known = tf.reduce_min(mask, axis=[1, 2, 3], keepdims=True) < 1
        in_hole = tf.cast((mask > 0) & something_known, features.dtype)
        filled = tf.concat([features, tf.reshape(copied, tf.shape(encoder)) * in_hole], axis=-1)
        filled.set_shape(self.compute_output_shape(features.shape, mask.shape)[0])
        return filled, offsets_to(matches, height, width) * tf.cast(in_hole, tf.int32)

    def compute_output_shape(self, features_shape, mask_shape):
        batch, height, width, channels = features_shape
        return (batch, height, width, channels // 2 * 3), (batch, height, width, 2)

    def compute_output_spec(self, features, mask):  # Of Keras 3, which cannot know that offsets are integers.
        filled, offsets = self.compute_output_shape(features.shape, mask.shape)
        return keras.KerasTensor(filled, self.compute_dtype), keras.KerasTensor(offsets, "int32")
