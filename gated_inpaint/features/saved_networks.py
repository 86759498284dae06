"""Feature networks that somebody saved whole: SavedModels and Keras models, whose outputs are the maps."""

import os

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.errors import InputError, first_line
from gated_inpaint.features.network import FeatureMap, FeatureNetwork
from gated_inpaint.features.saved_model import SavedModel

_PROBE = 64  # Side of the picture that shows a network's strides, where its own does not say the size.


class SavedNetwork(FeatureNetwork):
    """A function of pictures to named maps, as a network.

    Arguments:
      path: where it is from, for messages.
      function: of pictures, float32 [batch, height, width, 3], to {name: [batch, rows, columns, channels]}.
      names: of the maps, in order.
      shape: of the pictures that it takes, [batch, height, width, 3], None where any will do.

    Raises:
      InputError: an output is no map; or, when it is called, the pictures are of another shape.
    """

    def __init__(self, path, function, names, shape):
        self.name = os.path.basename(os.path.abspath(path))
        self._path, self._function, self._shape = path, function, tf.TensorShape(shape)
        height, width = (side or _PROBE for side in self._shape[1:3])
        found = function(tf.zeros([self._shape[0] or 1, height, width, 3]))
        self.maps = {name: _feature_map(path, name, found[name], height) for name in names}
        self.default_maps = tuple({one.stride: name for name, one in self.maps.items()}.values())

    def __call__(self, pictures, names=None):
        if not self._shape.is_compatible_with(pictures.shape):
            raise InputError(f"{self._path} takes pictures of shape {self._shape}, and these are {list(pictures.shape)}.")
        found = self._function(pictures)
        wanted = self.default_maps if names is None else names
        return {name: tf.cast(found[name], tf.float32) for name in self.maps if name in wanted}


def read_saved_model(path):
    """The `SavedNetwork` of a SavedModel of one picture in [-1, 1]; its maps are in alphabetical order, for it has no other."""
    model = SavedModel(path, pictures=1)
    return SavedNetwork(path, model, sorted(model.outputs), model.shape)


def read_keras_model(path):
    """The `SavedNetwork` of a .keras file of one picture in [-1, 1]; maps go by the model's names for them, or else its layers'."""
    try:
        model = keras.models.load_model(path, compile=False)
        outputs = model.output if isinstance(model.output, dict) else dict(zip(model.output_names, model.outputs))
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
        named = keras.Model(model.inputs, outputs)
    except Exception as error:  # Keras raises whatever the layers of the file do.
        raise InputError(f"The Keras model {path} cannot be read: {first_line(error)}") from error
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] != 3:
        raise InputError(
            f"The Keras model {path} takes {' and '.join(map(str, shapes))}, not one picture [batch, height, width, 3]."
        )
    return SavedNetwork(path, lambda pictures: named(pictures, training=False), list(outputs), shapes[0])


def _feature_map(path, name, features, height):
    if features.shape.rank != 4:
        raise InputError(f"The output {name} of {path} has the shape {list(features.shape)}, and is no map.")
    return FeatureMap(int(features.shape[3]), -(-height // int(features.shape[1])))
