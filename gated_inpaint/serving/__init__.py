"""Serving: the network as a SavedModel that TensorFlow Serving takes as it is, as a TFLite model or as an ONNX
model, and a client.

  model, encoded_files   the graph that is served: signatures, and what lies between files and levels
  export, warm_up        a version's folder, complete or not there
  mobile, onnx_file      the TFLite model and the ONNX model
  outputs                where they go
  client                 completes a photo through a server; needs nothing but Python's own library

`gated-inpaint export` and `python -m gated_inpaint.serving complete` are the commands. Nothing is imported here:
the client is to start without TensorFlow.
"""
