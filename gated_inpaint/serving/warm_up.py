"""Warm-up requests: TensorFlow Serving runs them when it loads a version, so that the first real request is as fast as the others.

They are TFRecords of PredictionLog messages in assets.extra/tf_serving_warmup_requests, for both signatures and each size named.
See https://www.tensorflow.org/tfx/serving/saved_model_warmup.
"""

import numpy as np
import tensorflow as tf

from gated_inpaint.errors import InputError

WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"


def request_types():
    """TensorFlow Serving's module of requests' types.

    Raises:
      InputError: the package tensorflow-serving-api is missing.
    """
    try:
        from tensorflow_serving.apis import prediction_log_pb2
    except ImportError as error:
        raise InputError(
            "Warm-up requests take the package tensorflow-serving-api: pip install 'gated_inpaint[serving]'."
        ) from error
    return prediction_log_pb2


def write_warm_up_requests(folder, model_name, sizes, sketch):
    """Writes the requests into a SavedModel.

    Arguments:
      folder: the SavedModel's, a pathlib.Path.
      model_name: as which it will be served.
      sizes: (width, height) of each picture, in pixels, at least 2x2.
      sketch: whether requests have a sketch.

    Raises:
      InputError: the package tensorflow-serving-api is missing.
    """
    prediction_log_pb2 = request_types()
    path = folder / WARM_UP_FILE
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for width, height in sizes:
            pictures = _pictures(width, height, sketch)
            files = {f"{name}_bytes": tf.io.encode_png(picture).numpy() for name, picture in pictures.items()}
            for signature, inputs in (("serving_default", files), ("tensors", pictures)):
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name = model_name
                request.model_spec.signature_name = signature
                for name, value in inputs.items():
                    request.inputs[name].CopyFrom(tf.make_tensor_proto(np.expand_dims(value, 0)))
                writer.write(log.SerializeToString())


def _pictures(width, height, sketch):
    """An image, uint8 [height, width, 3], a mask with a rectangle in the middle, half as wide and high, and lines to follow."""
    image = np.stack(np.broadcast_arrays(np.arange(height)[:, np.newaxis], np.arange(width), 128), axis=-1).astype(np.uint8)
    mask = np.zeros([height, width, 1], np.uint8)
    mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = 255
    lines = np.where(np.arange(width)[:, np.newaxis] % 16, 0, mask).astype(np.uint8)
    return {"image": image, "mask": mask, **({"sketch": lines} if sketch else {})}
