"""Reads a feature network by its path, which says what it is:

  FILE.pth, FILE.pt   weights that PyTorch saved, of a network that is built here and known by the shapes of its weights:
                      EfficientNet-Lite0 and -Lite2
  FOLDER              a SavedModel: one input, float32 [batch, height, width, 3], RGB in [-1, 1]; its outputs are the maps
  FILE.keras          a Keras model, likewise

A feature network has

  name                what it is
  channels            {map: number of channels}, from the input on; those of a SavedModel, which has no order, by name
  network(pictures)   {map: float32 [batch, rows, columns, channels]} of RGB pictures, float32 in [-1, 1]
  network(pictures, maps)   of these maps alone; a network that is built here computes nothing behind the last of them
"""

import os

import tensorflow as tf
from tensorflow import keras

from gated_inpaint.errors import InputError, first_line
from gated_inpaint.features import efficientnet_lite
from gated_inpaint.features.saved_model import SavedModel
from gated_inpaint.files.torch_files import state_dict


def load_feature_network(path, dtype="float32"):
    """Reads a feature network.

    Arguments:
      path: as above.
      dtype: what a network that is built here computes in, "float32" or "bfloat16"; its maps are float32 all the same.

    Raises:
      InputError: the file cannot be read, or holds no network of pictures to maps.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        return _SavedModelFeatures(path)
    if path.endswith(".keras"):
        return _KerasFeatures(path)
    return _built_here(path, dtype)


def _built_here(path, dtype):
    arrays = state_dict(path)
    variant = efficientnet_lite.recognise({name: array.shape for name, array in arrays.items()})
    if variant is None:
        first, array = next(iter(arrays.items()))
        raise InputError(
            f"{path} holds weights of no network that is built here ({', '.join(efficientnet_lite.VARIANTS)}); its first is "
            f"{first} of shape {list(array.shape)}. Save the network as a SavedModel with its maps as outputs."
        )
    return efficientnet_lite.EfficientNetLite(variant, arrays, dtype)


class _SavedModelFeatures:
    def __init__(self, path):
        self.name = os.path.basename(os.path.abspath(path))
        self._network = SavedModel(path, pictures=1)
        self.channels = _channels(path, {name: spec.shape for name, spec in sorted(self._network.outputs.items())})

    def __call__(self, pictures, maps=None):
        found = self._network(pictures)
        return {name: tf.cast(found[name], tf.float32) for name in maps or self.channels}


class _KerasFeatures:
    def __init__(self, path):
        self.name = os.path.basename(path)
        try:
            model = keras.models.load_model(path, compile=False)
            self._model = keras.Model(model.inputs, _named_outputs(model))
        except Exception as error:  # Keras raises whatever the layers of the file do.
            raise InputError(f"The Keras model {path} cannot be read: {first_line(error)}") from error
        if len(model.inputs) != 1 or list(model.inputs[0].shape[3:]) != [3]:
            raise InputError(f"The Keras model {path} takes {_shapes(model.inputs)}, not one picture [batch, height, width, 3].")
        self._path, self._input = path, tf.TensorShape(model.inputs[0].shape)
        self.channels = _channels(path, {name: output.shape for name, output in self._model.output.items()})

    def __call__(self, pictures, maps=None):
        if not self._input.is_compatible_with(pictures.shape):
            raise InputError(
                f"The Keras model {self._path} takes pictures of shape {self._input}, and these are {list(pictures.shape)}."
            )
        found = self._model(pictures, training=False)
        return {name: tf.cast(found[name], tf.float32) for name in maps or self.channels}


def _named_outputs(model):
    """{name: output}: as the model calls them, or else by the layers that make them."""
    return model.output if isinstance(model.output, dict) else dict(zip(model.output_names, model.outputs))


def _channels(path, shapes):
    for name, shape in shapes.items():
        if len(shape) != 4 or shape[-1] is None:
            raise InputError(
                f"The output {name} of {path} has the shape {tuple(shape)}, and is no map [batch, rows, columns, channels]."
            )
    return {name: int(shape[-1]) for name, shape in shapes.items()}


def _shapes(tensors):
    return " and ".join(str(list(tensor.shape)) for tensor in tensors)
