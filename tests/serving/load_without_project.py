"""Loads a SavedModel where this project cannot be imported, both ways there are, and completes what lies beside it.

Run by test_export.py in a process of its own: python load_without_project.py SAVED_MODEL FOLDER. For every NAME_image.png and
NAME_mask.png in the folder it writes NAME_loaded.png (tf.saved_model.load) and NAME_session.png (the loader of TensorFlow 1
sessions, which TensorFlow Serving shares). It prints the operations of the graph, one a line.
"""

import pathlib
import sys


class _Blocked:
    """An import hook that hides the project."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "gated_inpaint":
            raise ImportError(f"{name} must not be needed.")


sys.meta_path.insert(0, _Blocked())

import tensorflow as tf  # noqa: E402

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
function = tf.saved_model.load(model).signatures["serving_default"]
session = tf.compat.v1.Session(graph=tf.Graph())
with session.graph.as_default():
    meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], model)
signature = meta_graph.signature_def["serving_default"]

for image in sorted(folder.glob("*_image.png")):
    files = {f"{kind}_bytes": [image.with_name(image.name.replace("image", kind)).read_bytes()] for kind in ("image", "mask")}
    loaded = function(**{name: tf.constant(value) for name, value in files.items()})["completed_bytes"].numpy()[0]
    image.with_name(image.name.replace("image", "loaded")).write_bytes(loaded)
    feeds = {signature.inputs[name].name: value for name, value in files.items()}
    from_session = session.run(signature.outputs["completed_bytes"].name, feeds)[0]
    image.with_name(image.name.replace("image", "session")).write_bytes(from_session)

graph = meta_graph.graph_def
print(*sorted({node.op for nodes in (graph.node, *(f.node_def for f in graph.library.function)) for node in nodes}), sep="\n")
