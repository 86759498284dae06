"""A SavedModel that somebody else made, as a function of pictures; what it is, is checked before it is used."""

import os

import tensorflow as tf

from gated_inpaint.errors import InputError, first_line


class SavedModel:
    """The signature `serving_default` of a SavedModel (`keras.Model.export` writes it).

    Arguments:
      path: its folder.
      pictures: how many it must take, tensors of one shape [batch, height, width, 3].

    Attributes:
      outputs: {name: tf.TensorSpec}.
      shape: of the tensors that it takes, tf.TensorShape.

    Call with that many float32 tensors; they are its inputs in alphabetical order. Returns {name: tensor}.

    Raises:
      InputError: it is no SavedModel, has no such signature, or takes another number of tensors; or, when it is called, tensors of
        another shape.
    """

    def __init__(self, path, pictures):
        if not os.path.isfile(os.path.join(path, "saved_model.pb")):
            raise InputError(f"{path} is no SavedModel: a folder with a saved_model.pb.")
        try:
            self._model = tf.saved_model.load(path)  # Kept, for it owns the variables.
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise InputError(f"The SavedModel {path} cannot be read: {first_line(error)}") from error
        signature = self._model.signatures.get("serving_default")
        if signature is None:
            raise InputError(f"The SavedModel {path} has no signature serving_default, only {sorted(self._model.signatures)}.")
        declared = signature.structured_input_signature[1]
        self._inputs, self._shapes = sorted(declared), [spec.shape for spec in declared.values()]
        if len(self._inputs) != pictures:
            raise InputError(f"The SavedModel {path} takes {len(self._inputs)} tensors; it must take {pictures}.")
        self.shape = self._shapes[0]
        self.outputs = signature.structured_outputs
        self._path, self._signature = path, signature

    def __call__(self, *pictures):
        shape = list(pictures[0].shape)
        if not all(declared.is_compatible_with(shape) for declared in self._shapes):  # TensorFlow itself does not look.
            raise InputError(f"The network {self._path} takes tensors of shape {self._shapes[0]}, and the pictures are {shape}.")
        try:
            return self._signature(**dict(zip(self._inputs, pictures)))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise InputError(f"The network {self._path} cannot be given pictures of shape {shape}: {first_line(error)}") from error
