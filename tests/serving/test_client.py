"""The client against a real HTTP server on loopback that runs an exported model, and against servers that misbehave."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import numpy as np
import pytest
from conftest import DATA
from rest_server import serve

from gated_inpaint import Inpainter, InputError
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.serving.client import complete
from gated_inpaint.serving.export import export

SMALL = str(DATA / "generator")
CLIENTS, SECONDS = 8, 3


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    models = tmp_path_factory.mktemp("models") / "small"
    export(SMALL, models / "1", max_megapixels=0.01, warm_up=[(40, 24)])
    with serve(models, max_body=200_000) as server:
        yield server


@pytest.fixture(scope="module")
def inpainter():
    return Inpainter(SMALL)


class Files:
    """An image, a mask, and where the result goes."""

    def __init__(self, folder, height=20, width=30, channels=3, seed=0):
        folder.mkdir(exist_ok=True)
        self.image, self.mask, self.output = (folder / name for name in ("image.png", "mask.png", "output.png"))
        self.pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
        self.hole = np.zeros((height, width, 1), np.uint8)
        self.hole[4:12, 5:18] = 255
        self.expected = None
        write_png(self.image, self.pixels)
        write_png(self.mask, self.hole)

    def send(self, url, **options):
        complete(url, self.image, self.mask, self.output, **options)

    def check(self, inpainter):
        if self.expected is None:
            self.expected = inpainter(self.pixels, self.hole)
        completed, known = read_photo(self.output).array, self.hole[..., 0] == 0
        np.testing.assert_array_equal(completed[known], self.pixels[known])
        assert np.abs(completed.astype(int) - self.expected).max() <= 1


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.mark.parametrize("suffix", ["", "/", "/versions/1"])
def test_completes(server, inpainter, files, suffix):
    files.send(server.url + suffix)
    files.check(inpainter)


def test_eight_clients_at_once(server, inpainter, tmp_path):
    """Each with pictures of its own, again and again for a bounded time: every answer is right, and none is lost."""
    everyones = [Files(tmp_path / str(k), 16 + 3 * k, 40 - 2 * k, (1, 3)[k % 2], seed=k) for k in range(CLIENTS)]
    before, end = server.answered, time.monotonic() + SECONDS
    done, failures = [0] * CLIENTS, []

    def work(k):
        try:
            while time.monotonic() < end:
                files = everyones[k]
                files.output.unlink(missing_ok=True)
                files.send(server.url)
                files.check(inpainter)
                done[k] += 1
        except BaseException as error:
            failures.append((k, error))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(done) > 0 and server.answered - before == sum(done)


def post(server, body, path=":predict"):
    """Sends bytes as they are; returns status and sentence."""
    parts = urllib.parse.urlsplit(server.url + path)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())["error"]


def test_bad_requests_are_refused_and_good_ones_still_answered(server, inpainter, files):
    image, mask = files.image.read_bytes(), files.mask.read_bytes()

    def instance(image=image, mask=mask, **more):
        encoded = {"image_bytes": {"b64": base64.b64encode(image).decode()}, "mask_bytes": {"b64": base64.b64encode(mask).decode()}}
        return json.dumps({"instances": [{**encoded, **more}]}).encode()

    large, other = Files(files.image.parent / "large", 101, 100), Files(files.image.parent / "other", 20, 31)
    flipped = bytearray(image)
    flipped[len(image) // 2] ^= 255
    for body, status, words in (
        (instance()[:-10], 400, "JSON Parse error"),
        (b"", 400, "JSON Parse error"),
        (b"[]", 400, "instances"),
        (b'{"instances": 5}', 400, "instances"),
        (b'{"instances": [{}]}', 400, "Missing"),
        (instance(image_bytes={"b64": "?!"}), 400, "base64"),
        (instance(image_bytes="text"), 400, "not of expected type"),
        (instance(image=image[: len(image) // 2]), 400, "The image is damaged or cut short: its end is missing."),
        (instance(image=bytes(flipped)), 400, "Invalid PNG"),
        (instance(mask=b"hello"), 400, "The mask is not a PNG or JPEG file."),
        (instance(mask=other.mask.read_bytes()), 400, "The mask is 31x20 pixels and the image 30x20"),
        (instance(large.image.read_bytes(), large.mask.read_bytes()), 400, "The image has 100x101 pixels, more than this server"),
        (instance(image=bytes(200_000)), 413, "Too Large"),
    ):
        got, sentence = post(server, body)
        assert got == status and words in sentence, (got, sentence, words)
    assert post(server, instance(), "/versions/2:predict")[0] == 404
    assert post(server, instance(), ":classify")[0] == 400
    files.send(server.url)
    files.check(inpainter)


def test_column_format_and_tensors(server, inpainter, files):
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)

    def predict(request):
        connection.request("POST", parts.path + ":predict", json.dumps(request))
        return json.loads(connection.getresponse().read())["outputs"]

    encoded = [{"b64": base64.b64encode(path.read_bytes()).decode()} for path in (files.image, files.mask)]
    outputs = predict({"inputs": {"image_bytes": [encoded[0]] * 2, "mask_bytes": [encoded[1]] * 2}})
    assert len(outputs) == 2
    files.output.write_bytes(base64.b64decode(outputs[1]["b64"]))
    files.check(inpainter)
    inputs = {"image": files.pixels[np.newaxis].tolist(), "mask": files.hole[np.newaxis].tolist()}
    completed = predict({"signature_name": "tensors", "inputs": inputs})
    write_png(files.output, np.array(completed[0], np.uint8))
    files.check(inpainter)
    connection.request("GET", parts.path)
    assert json.loads(connection.getresponse().read())["model_version_status"] == [{"version": "1", "state": "AVAILABLE"}]


def refusal(files, url, **options):
    """The one line with which the client gives up; what was at the output stays as it was."""
    files.output.write_bytes(b"as before")
    beside = sorted(files.output.parent.iterdir())
    with pytest.raises(InputError) as error:
        files.send(url, **options)
    assert files.output.read_bytes() == b"as before" and sorted(files.output.parent.iterdir()) == beside
    assert "\n" not in str(error.value)
    return str(error.value)


def test_passes_on_what_the_server_says(server, files):
    write_png(files.mask, files.hole[:19])
    expected = "refused the request (400 Bad Request): The mask is 30x19 pixels and the image 30x20: they must have the same size."
    assert refusal(files, server.url).endswith(expected)
    assert "(404 Not Found): Servable not found for request: other/1" in refusal(files, server.url.replace("small", "other"))
    assert "(404 Not Found)" in refusal(files, server.url + "/versions/9")
    assert "Missing named input" in refusal(files, server.url, sketch=files.mask)
    files.image.write_bytes(bytes(300_000))
    assert "(413 Request Entity Too Large)" in refusal(files, server.url)


@contextlib.contextmanager
def answering(*pieces, pause=0.0):
    """A server that answers the first request with these bytes, a pause before each, and closes; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection = listening.accept()[0]
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                left = int(re.search(rb"(?i)content-length: (\d+)", received)[1]) - len(received.split(b"\r\n\r\n", 1)[1])
                while left > 0:
                    left -= len(connection.recv(65536))
                for piece in pieces:
                    time.sleep(pause)
                    connection.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1/models/small"
        thread.join()


def response(body, status="200 OK", length=None):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def test_says_what_is_wrong_with_the_answer(files):
    not_png = json.dumps({"predictions": [{"b64": base64.b64encode(b"GIF89a").decode()}]}).encode()
    for answer, words in (
        (response(b"<html>hello</html>"), "is it the URL of a gated_inpaint model?"),
        (response(b'{"predictions": [[0.5]]}'), "is it the URL of a gated_inpaint model?"),
        (response(b'{"predictions": []}'), "is it the URL of a gated_inpaint model?"),
        (response(not_png), "is it the URL of a gated_inpaint model?"),
        (response(not_png[:30], length=len(not_png)), "broke off"),
        (b"", "cannot be reached, or broke off"),
        (b"nonsense\r\n\r\n", "cannot be reached, or broke off"),
        (response(b"<p>busy</p>\n<p>later</p>", "503 Service Unavailable"), "(503 Service Unavailable): <p>busy</p> <p>later</p>"),
        (response(rb'{ "error": "it isn\'t JSON" }', "400 Bad Request"), "it isn\\'t JSON"),
        (response(b"x" * 999, "500 Oops"), "(500 Oops): " + "x" * 300 + "..."),
    ):
        with answering(answer) as url:
            assert words in refusal(files, url)


def test_does_not_wait_for_ever(files):
    with answering(b"HTTP/1.1 200 OK\r\n", pause=1.5) as url:
        assert "did not answer within 0.3 seconds" in refusal(files, url, timeout=0.3)
    with answering(response(b"", length=1000), *[b" "] * 15, pause=0.1) as url:  # Slow, but never silent for long.
        began = time.monotonic()
        assert "did not answer within 0.5 seconds" in refusal(files, url, timeout=0.5)
        assert time.monotonic() - began < 1.2


def test_nobody_there(files):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "cannot be reached, or broke off: Connection refused" in refusal(files, f"http://127.0.0.1:{port}/v1/models/small")


@pytest.mark.parametrize(
    "url",
    ["file:///v1/models/small", "localhost:8501", "http:///v1/models/a", "http://localhost:8501", "http://localhost/v1/models/"],
)
def test_refuses_other_urls(files, url):
    assert "must be that of a model" in refusal(files, url)


def test_refuses_files_before_it_asks(files):
    url = "http://127.0.0.1:1/v1/models/small"
    for arguments, words in (
        ((files.image, files.mask, "a.jpg"), "must end in .png"),
        ((files.image, files.mask, files.image), "would replace an input"),
        ((files.image, files.mask, files.image.parent / "no" / "a.png"), "does not exist"),
        ((files.image.with_name("no.png"), files.mask, files.output), "There is no file"),
        ((files.image.parent, files.mask, files.output), "Is a directory"),
    ):
        with pytest.raises(InputError, match=words):
            complete(url, *arguments)
    for timeout in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="at most 86400 seconds"):
            files.send(url, timeout=timeout)


def test_a_result_that_cannot_be_written_leaves_nothing(server, files, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert f"Cannot write {files.output}: No space left on device." == refusal(files, server.url)


def test_command_needs_nothing_but_python(server, inpainter, files):
    """Run as a person runs it, where no other library can be imported."""
    main = f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parents[2])!r}); import runpy; "
    main += "runpy.run_module('gated_inpaint.serving', run_name='__main__', alter_sys=True)"

    def command(image):
        arguments = ["complete", "--url", server.url, "--image", image, "--mask", files.mask, "--output", files.output]
        return subprocess.run([sys.executable, "-S", "-c", main, *arguments], capture_output=True, text=True, timeout=60)

    ran = command(files.image)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"Wrote {files.output}.\n", "")
    files.check(inpainter)
    ran = command("missing.png")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "python -m gated_inpaint.serving complete: error: There is no file missing.png.\n"
