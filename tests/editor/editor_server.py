"""The editor's server in a thread, photos for it, and plain requests to it."""

import contextlib
import functools
import http.client
import io
import json
import threading
import time
import urllib.parse
import uuid

import numpy as np
from conftest import DATA
from PIL import Image, ImageCms

from gated_inpaint.editor.completing import Models
from gated_inpaint.editor.options import EditorOptions
from gated_inpaint.editor.server import EditorServer
from gated_inpaint.files import encoding
from gated_inpaint.files.metadata import Metadata

WEIGHTS = (str(DATA / "generator"), str(DATA / "generator_guided"))


@functools.lru_cache(None)
def models():
    """Of `WEIGHTS`, loaded once for all servers; eager, for graphs take seconds to make."""
    return Models(WEIGHTS, "float32", eager=True)


@contextlib.contextmanager
def serving(**options):
    """Runs a server on a free port, or the one given; yields it."""
    server = EditorServer(EditorOptions(**{"weights": WEIGHTS, "port": 0, **options}), models())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: ask(server, "GET", "/ready", headers=bearer(options)).status == 200)
        yield server
    finally:
        server.stop()
        thread.join()


def bearer(options):
    return {"Authorization": f"Bearer {options['token']}"} if options.get("token") else {}


def until(condition, seconds=120):
    """Waits for something that comes when it comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come."
        time.sleep(0.02)


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def sentence(self):
        """Of a problem, which has to be one."""
        assert self.headers["Content-Type"] == "application/problem+json" and self.json["status"] == self.status
        return self.json["detail"]


def connect(server):
    return http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=60)


def ask(server, method, path, body=None, headers=None):
    with contextlib.closing(connect(server)) as connection:
        connection.request(method, path, body, {"Connection": "close", **(headers or {})})
        return Answer(connection.getresponse())


def form(fields, **files):
    """(body, headers) of a multipart form; files are (name, bytes)."""
    boundary = uuid.uuid4().hex
    parts = [(f'name="{name}"', str(value).encode()) for name, value in fields.items()]
    parts += [(f'name="{name}"; filename="{called}"', data) for name, (called, data) in files.items()]
    lines = [
        line
        for said, data in parts
        for line in (f"--{boundary}".encode(), f"Content-Disposition: form-data; {said}".encode(), b"", data)
    ]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""]), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def post_form(server, path, fields=None, **files):
    body, headers = form(fields or {}, **files)
    return ask(server, "POST", path, body, headers)


def post_json(server, path, value):
    return ask(server, "POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"})


def picture(height=64, width=88, channels=3, dtype=np.uint8, seed=0):
    """Levels that are lowest or highest, which a network never makes all at once: what it changed is seen everywhere."""
    blocks = np.random.default_rng(seed).integers(0, 2, (height // 4 + 1, width // 4 + 1, channels))
    array = np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1)[:height, :width]
    return (array * np.iinfo(dtype).max).astype(dtype)


def file_of(array, name, **metadata):
    return encoding.encode(name, array, Metadata(**metadata), 100)[0]


def phone_jpeg(height=64, width=88):
    """Stored lying on its side, as phones do; height and width are those that are seen."""
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "A phone"
    data = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    upright = Image.fromarray(picture(height, width))
    upright.transpose(Image.Transpose.ROTATE_90).save(data, "JPEG", quality=90, exif=exif, icc_profile=profile)
    return data.getvalue()


def hole(height=64, width=88, rows=(20, 40), columns=(30, 55)):
    mask = np.zeros((height, width, 1), np.uint8)
    mask[slice(*rows), slice(*columns)] = 255
    return mask
