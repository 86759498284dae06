"""The page of examples/browser in a browser: it shows what the ONNX model makes of what is painted, with no help of a server."""

import functools
import http.server
import io
import pathlib
import threading

import numpy as np
import pytest
from conftest import DATA
from PIL import Image

from gated_inpaint.serving.onnx_file import export_onnx

PAGE = pathlib.Path(__file__).parents[2] / "examples/browser"
NPM = "Tests of the browser's page need ONNX Runtime Web: npm install --prefix examples/browser."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(folder, address) of the page with its network, behind a server of files."""
    pytest.importorskip("tf2onnx")
    if not (PAGE / "node_modules/onnxruntime-web").exists():
        pytest.skip(NPM)
    folder = tmp_path_factory.mktemp("page")
    for name in ("index.html", "main.js", "node_modules"):
        (folder / name).symlink_to(PAGE / name)
    export_onnx(DATA / "generator", folder / "model.onnx", "float16")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium, served):
    """The page, its network loaded; what goes wrong in it, and requests to anybody else, fail the test."""
    context, wrong = chromium.new_context(viewport={"width": 1000, "height": 800}, accept_downloads=True), []
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    context.on(
        "request", lambda request: wrong.append(request.url) if not request.url.startswith((served[1], "blob:", "data:")) else None
    )
    page = context.new_page()
    page.goto(served[1])
    says(page, "Open a photo.")
    yield page
    context.close()
    assert not wrong


def says(page, text):
    page.get_by_role("status").filter(has_text=text).wait_for()


def complete(page, photo, strokes):
    """Opens a photo, paints lines of (x, y) pixels, and runs; returns the mask, bool, and the completed photo that is saved."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "png")
    page.set_input_files("#file", {"name": "photo.png", "mimeType": "image/png", "buffer": file.getvalue()})
    says(page, "Paint over")
    box = page.locator("#mask").bounding_box()
    scale = box["width"] / photo.shape[1]
    for first, *rest in strokes:
        page.mouse.move(box["x"] + first[0] * scale, box["y"] + first[1] * scale)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(box["x"] + x * scale, box["y"] + y * scale, steps=3)
        page.mouse.up()
    layer = """import('./main.js').then(({ mask }) => {
      const { data } = mask.getImageData(0, 0, mask.canvas.width, mask.canvas.height);
      return Array.from({ length: data.length / 4 }, (_, index) => data[4 * index + 3] > 0);
    })"""
    mask = np.array(page.evaluate(layer)).reshape(photo.shape[:2])
    page.get_by_role("button", name="Complete").click()
    says(page, "Done in")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert page.get_by_role("button", name="Complete").is_disabled()  # Nothing is painted.
    return mask, np.asarray(Image.open(download.value.path()))


def test_what_the_network_makes_of_what_is_painted(page, served):
    photo = np.random.default_rng(0).integers(0, 256, (91, 120, 3), np.uint8)
    mask, completed = complete(page, photo, [[(30, 40), (60, 50)], [(90, 20), (90, 25)]])
    assert 600 < mask.sum() < 4000
    session = pytest.importorskip("onnxruntime").InferenceSession(served[0] / "model.onnx")
    [expected] = session.run(None, {"image": photo[np.newaxis], "mask": mask[np.newaxis, ..., np.newaxis].astype(np.uint8)})
    np.testing.assert_array_equal(completed[~mask], photo[~mask])
    assert np.abs(completed.astype(int) - expected[0]).max() <= 1
    assert (completed != photo).any()


def test_a_large_hole_of_a_large_photo_is_seen_reduced(page):
    photo = np.full((260, 640, 3), (90, 120, 60), np.uint8)
    photo[:, ::2] += 1
    mask, completed = complete(page, photo, [[(40, 100), (420, 130)], [(600, 200), (605, 255)]])
    np.testing.assert_array_equal(completed[~mask], photo[~mask])
    assert (completed != photo).any(axis=-1)[mask].mean() > 0.9
    page.get_by_label("Photo").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"none"})
    says(page, "a.txt is no picture")
