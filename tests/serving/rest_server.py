"""A small server that speaks TensorFlow Serving's REST interface, to test the client and an exported model against.

It follows TensorFlow Serving's documentation (api_rest.md) and the status codes of its http_server.cc. The model is run as
TensorFlow Serving's own code runs it: by signature, in a session of the TensorFlow 1 kind, without the Python that made it.
"""

import base64
import binascii
import contextlib
import http.server
import json
import pathlib
import re
import threading

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

_PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(:predict)?")


class Version:
    """A SavedModel, loaded and warmed up."""

    def __init__(self, folder):
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            self.signatures = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder)).signature_def
        for record in tf.data.TFRecordDataset(str(folder / "assets.extra/tf_serving_warmup_requests")):
            request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)

    def run(self, signature_name, inputs):
        """Arrays by name in, arrays by name out."""
        signature = self.signatures[signature_name]
        feeds = {signature.inputs[name].name: value for name, value in inputs.items()}
        return self.session.run({name: info.name for name, info in signature.outputs.items()}, feeds)


class RefusedError(Exception):
    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        self._answer(self._status)

    def do_POST(self):  # noqa: N802
        self._answer(self._predict)

    def _answer(self, produce):
        try:
            status, body = 200, produce()
        except RefusedError as error:
            status, body = error.status, {"error": str(error)}
        except tf.errors.OpError as error:
            codes = {tf.errors.INVALID_ARGUMENT: 400, tf.errors.RESOURCE_EXHAUSTED: 429}
            status, body = codes.get(error.error_code, 500), {"error": error.message}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _find(self, wanted_action):
        match = _PATH.fullmatch(self.path)
        if not match or match[3] != wanted_action:
            raise RefusedError(400, f"Malformed request: {self.command} {self.path}")
        name, number = match[1], int(match[2] or max(self.server.versions))
        if name != self.server.name or number not in self.server.versions:
            raise RefusedError(404, f"Servable not found for request: {name}/{number}")
        return number

    def _status(self):
        return {"model_version_status": [{"version": str(self._find(None)), "state": "AVAILABLE"}]}

    def _predict(self):
        length = int(self.headers["Content-Length"])
        if length > self.server.max_body:
            self.close_connection = True
            while length > 0:  # Read, so that the client gets to reading the answer.
                length -= len(self.rfile.read(min(length, 65536)))
            raise RefusedError(413, "Request Entity Too Large")
        body = self.rfile.read(length)
        version = self.server.versions[self._find(":predict")]
        try:
            request = json.loads(body)
        except ValueError as error:
            raise RefusedError(400, f"JSON Parse error: {error}") from error
        if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
            raise RefusedError(400, "Request must have either instances or inputs")
        signature_name = request.get("signature_name", "serving_default")
        if signature_name not in version.signatures:
            raise RefusedError(400, f'Serving signature name: "{signature_name}" not found in signature def')
        wanted = version.signatures[signature_name].inputs

        by_row = "instances" in request
        columns = _columns(request["instances"], wanted) if by_row else request["inputs"]
        if set(columns) != set(wanted):
            raise RefusedError(400, f"Missing or unexpected named inputs: {sorted(set(wanted) ^ set(columns))}")
        outputs = version.run(signature_name, {name: _to_array(columns[name], wanted[name].dtype) for name in wanted})
        with self.server.count_lock:
            self.server.answered += 1
        ((name, output),) = outputs.items()  # With one output alone, its name is left out.
        listed = [{"b64": base64.b64encode(item).decode()} for item in output] if name.endswith("_bytes") else output.tolist()
        return {"predictions" if by_row else "outputs": listed}

    def log_message(self, *_):
        pass


def _columns(instances, wanted):
    if not isinstance(instances, list) or not all(isinstance(instance, dict) for instance in instances):
        raise RefusedError(400, "instances must be a list of objects")
    if any(set(instance) != set(wanted) for instance in instances):
        raise RefusedError(400, f"Missing named input: every instance must have {sorted(wanted)}")
    return {name: [instance[name] for instance in instances] for name in wanted}


def _to_array(value, dtype):
    try:
        if dtype == tf.string.as_datatype_enum:
            return np.array([base64.b64decode(item["b64"], validate=True) for item in value], object)
        return np.array(value, tf.as_dtype(dtype).as_numpy_dtype)
    except binascii.Error as error:
        raise RefusedError(400, "Unable to base64 decode") from error
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise RefusedError(400, f"JSON Value is not of expected type: {error}") from error


@contextlib.contextmanager
def serve(models, max_body=20_000_000):
    """Serves the versions in a folder models/NAME on a free port of loopback; yields the server, with `url` and `answered`."""
    models = pathlib.Path(models)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.name, server.max_body = models.name, max_body
    server.versions = {int(path.name): Version(path) for path in models.iterdir() if path.name.isdigit()}
    server.answered, server.count_lock = 0, threading.Lock()
    server.url = f"http://127.0.0.1:{server.server_port}/v1/models/{models.name}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
