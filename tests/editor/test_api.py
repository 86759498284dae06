"""The API as programs use it: the command's bytes and sentences, what is refused, many at once."""

import base64
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import struct
import time
import urllib.parse
import zlib

import numpy as np
import pytest
from editor_server import (
    WEIGHTS,
    ask,
    connect,
    file_of,
    form,
    hole,
    models,
    phone_jpeg,
    picture,
    post_form,
    post_json,
    serving,
    until,
)

from gated_inpaint import Generator, InputError
from gated_inpaint.editor.options import EditorOptions
from gated_inpaint.editor.server import ROUTES, make_app
from gated_inpaint.files.image_files import decode_photo
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions

MASK = ("mask.png", file_of(hole(), "mask.png"))
PHOTO = ("photo.png", file_of(picture(), "photo.png"))
PATIENCE = 1.5


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("b10.png", "b9.png", ".hidden.png", os.fsdecode(b"no text \xff.png")):
        (folder / name).write_bytes(PHOTO[1])
    (folder / "notes.txt").write_text("no photo")
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(PHOTO[1])
    os.symlink(outside, folder / "link.png")
    with serving(source=folder, upload_patience=PATIENCE, max_upload_megabytes=1, max_megapixels=1) as server:
        yield server


def by_command(folder, image, mask, output, **options):
    """What `gated-inpaint complete` writes, or says."""
    for name, data in (image, mask):
        (folder / name).write_bytes(data)
    options = CompletionOptions(
        image=folder / image[0], mask=folder / mask[0], output=folder / "out" / output, weights=WEIGHTS[0], **options
    )
    try:
        complete_files(options)
    except InputError as error:
        return str(error).replace(f"{folder}/", "")
    return options.output.read_bytes()


FILES = {
    "phone.jpg": phone_jpeg(),
    "deep.png": file_of(picture(dtype=np.uint16), "deep.png"),
    "gray.tif": file_of(picture(channels=1), "gray.tif"),
    "clear.webp": file_of(np.concatenate([picture(), picture(channels=1, seed=1)], axis=-1), "clear.webp"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_answer_is_what_the_command_writes(server, tmp_path, name):
    expected = by_command(tmp_path, (name, FILES[name]), MASK, name, grow_mask=2)
    answer = post_form(server, "/api/v1/complete", {"grow_mask": 2}, image=(name, FILES[name]), mask=MASK)
    assert answer.status == 200, answer.body
    assert answer.body == expected
    assert urllib.parse.quote(name) in answer.headers["Content-Disposition"]
    photo, completed = decode_photo(FILES[name], name), decode_photo(answer.body, name)
    assert completed.array.dtype == photo.array.dtype and completed.metadata.icc_profile == photo.metadata.icc_profile
    if name != "phone.jpg":
        known = hole(rows=(18, 42), columns=(28, 57))[..., 0] == 0
        assert (completed.array[known] == photo.array[known]).all()


def test_base64_in_json_in_crops(server, tmp_path):
    options = {"hd_strategy": "crop", "working_size": 64, "output_format": "png"}
    expected = by_command(tmp_path, ("phone.jpg", FILES["phone.jpg"]), MASK, "a.png", hd_strategy="crop", working_size=64)
    files = {"image": FILES["phone.jpg"], "mask": MASK[1]}
    body = {**{name: base64.b64encode(data).decode() for name, data in files.items()}, "image_name": "phone.jpg", **options}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = ask(server, "POST", "/api/v1/complete", json.dumps(body).encode(), headers)
    assert answer.status == 200, answer.body
    assert base64.b64decode(answer.json["image"]) == expected and answer.json["name"] == "phone.png"
    assert answer.json["plan"] == "completed in 1 crop of 64 pixels"


def test_what_a_plan_says_before_and_while_it_is_done(server):
    opened = post_photo(server, "deep.png").json
    path = f"/api/v1/photos/{opened['id']}"
    mask = ("m.png", file_of(np.full([20, 25, 1], 255, np.uint8), "m.png"))
    crops = {"hd_strategy": "crop", "working_size": 64}
    said = post_form(server, f"{path}/estimate", {"row": 20, "column": 30, **crops}, mask=mask).json
    assert said["plan"] == "completed in 1 crop of 64 pixels" and said["seconds"] > 0
    assert "does not lie inside" in post_form(server, f"{path}/estimate", {"row": 50, "column": 30}, mask=mask).sentence
    job = post_form(server, f"{path}/results", crops, mask=MASK).json
    assert job["estimate"] > 0
    job = ask(server, "GET", f"/api/v1/jobs/{job['id']}?wait=20").json
    assert job["state"] == "done" and job["plan"] == job["result"]["plan"] == said["plan"]

    stages = post_form(server, f"{path}/versions/{job['result']['version']}/stages").json
    stages = ask(server, "GET", f"/api/v1/jobs/{stages['id']}?wait=20").json["result"]
    assert list(stages["pictures"]) == ["piece1_coarse", "piece1_refined", "piece1_attention", "mask"]
    (top, left), (bottom, right) = stages["windows"]["piece1_coarse"]
    assert 0 <= top <= 20 and 40 <= bottom <= 64 and left <= 30 and 55 <= right and (bottom - top, right - left) == (64, 64)
    coarse = decode_photo(ask(server, "GET", stages["pictures"]["piece1_coarse"]).body, "coarse").array
    photo, known = decode_photo(FILES["deep.png"], "photo").array >> 8, hole()[top:bottom, left:right, 0] == 0
    assert (np.abs(coarse - photo[top:bottom, left:right].astype(int))[known] <= 1).all()


def test_results_are_finished_where_weights_have_it(server, monkeypatch):
    fields = {"finish": "true"}
    assert "does nothing to finish" in post_form(server, "/api/v1/complete", fields, image=PHOTO, mask=MASK).sentence
    monkeypatch.setattr(Generator, "finishing", "turns levels around")
    monkeypatch.setattr(Generator, "finish", lambda self, photo, completed, mask: 255 - completed)
    assert ask(server, "GET", "/api/v1/models").json["models"][0]["finishing"] == "turns levels around"
    plain, finished = (
        decode_photo(post_form(server, "/api/v1/complete", chosen, image=PHOTO, mask=MASK).body, "a.png").array
        for chosen in ({}, fields)
    )
    assert (finished == np.where(hole() > 0, 255 - plain, plain)).all()


def test_guided_weights_take_a_sketch(server):
    fields = {"model": "generator_guided"}
    lines = ("sketch.png", file_of(hole(rows=(28, 30)), "sketch.png"))
    answer = post_form(server, "/api/v1/complete", fields, image=PHOTO, mask=MASK, sketch=lines)
    assert answer.status == 200
    other = post_form(server, "/api/v1/complete", fields, image=PHOTO, mask=MASK, sketch=("s.png", file_of(0 * hole(), "s.png")))
    assert other.status == 200 and other.body != answer.body
    assert "none was given" in post_form(server, "/api/v1/complete", fields, image=PHOTO, mask=MASK).sentence


WRONG = {
    "covers all": (PHOTO, ("mask.png", file_of(np.full([64, 88, 1], 255, np.uint8), "mask.png"))),
    "other size": (PHOTO, ("mask.png", file_of(hole(32, 32, (3, 9), (3, 9)), "mask.png"))),
    "no mask": (PHOTO, ("mask.png", file_of((255 * np.random.default_rng(0).random([64, 88, 3])).astype(np.uint8), "mask.png"))),
    "cut short": (("photo.jpg", FILES["phone.jpg"][:700]), MASK),
    "empty": (("photo.png", b""), MASK),
    "no image": (("photo.png", b"words"), MASK),
}


@pytest.mark.parametrize("name", WRONG)
def test_sentences_are_the_commands(server, tmp_path, name):
    image, mask = WRONG[name]
    said = by_command(tmp_path, image, mask, "out.png")
    answer = post_form(server, "/api/v1/complete", image=image, mask=mask)
    assert (answer.status, answer.sentence) == (422, said)


def huge_png():
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in (header, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


REFUSED = [
    ("POST", "/api/v1/complete", b"", {"Content-Type": "text/plain"}, 415, "multipart form"),
    ("POST", "/api/v1/complete", b"{", {"Content-Type": "application/json"}, 400, "no JSON"),
    ("POST", "/api/v1/complete", b"[" * 100000, {"Content-Type": "application/json"}, 400, "no JSON"),
    ("POST", "/api/v1/complete", b"[]", {"Content-Type": "application/json"}, 400, "JSON object"),
    ("POST", "/api/v1/complete", b'{"image": "%%"}', {"Content-Type": "application/json"}, 400, "no base64"),
    ("POST", "/api/v1/complete", b'{"mask": ""}', {"Content-Type": "application/json"}, 400, "no image"),
    ("POST", "/api/v1/complete", b"nonsense", {"Content-Type": "multipart/form-data; boundary=a"}, 400, ""),
    ("POST", "/api/v1/complete", b"nonsense", {"Content-Type": "multipart/form-data"}, 400, ""),
    ("POST", "/api/v1/complete", *form({"modl": "a"}, image=PHOTO, mask=MASK), 400, "did you mean model?"),
    ("POST", "/api/v1/complete", *form({"model": "a"}, image=PHOTO, mask=MASK), 422, "choose from generator"),
    ("POST", "/api/v1/complete", *form({"quality": "all"}, image=PHOTO, mask=MASK), 422, "whole number"),
    ("POST", "/api/v1/complete", *form({"quality": "0"}, image=PHOTO, mask=MASK), 422, "from 1 to 100"),
    ("POST", "/api/v1/complete", *form({"hd_strategy": "x"}, image=PHOTO, mask=MASK), 422, "must be one of"),
    ("POST", "/api/v1/complete", *form({"grow_mask": "99999"}, image=PHOTO, mask=MASK), 422, "from -1000 to 1000"),
    ("POST", "/api/v1/complete", *form({}, image=PHOTO, other=MASK), 400, "no field other"),
    (
        "POST",
        "/api/v1/complete",
        *form({}, image=("huge.png", huge_png()), mask=MASK),
        422,
        "60000x60000 pixels, more than the limit",
    ),
    ("POST", "/api/v1/complete", *form({}, image=PHOTO), 422, "no transparent part"),
    ("POST", "/api/v1/complete", bytes(1_000_001), {"Content-Type": "application/json"}, 413, "limit of 1 MB"),
    ("GET", "/api/v1/complete", None, {}, 405, "GET is not what"),
    ("GET", "/api/v1/nothing", None, {}, 404, "nothing at"),
    ("GET", "/page/../server.py", None, {}, 404, ""),
    ("GET", "/page/..%2fserver.py", None, {}, 404, ""),
    ("GET", "/page/%2e%2e", None, {}, 404, "no page .."),
    ("GET", "/api/v1/folder/..%2f..%2fetc%2fpasswd/thumbnail", None, {}, 404, ""),
    ("GET", "/api/v1/folder/link.png/thumbnail", None, {}, 404, "no photo link.png"),
    ("GET", "/api/v1/folder/notes.txt/thumbnail", None, {}, 404, "no photo notes.txt"),
    ("POST", "/api/v1/photos?from_folder=../secret.png", None, {}, 404, "no photo"),
    ("POST", "/api/v1/photos?from_folder=%00", None, {}, 404, "no photo"),
    ("GET", "/api/v1/photos/none/picture", None, {}, 404, "no longer holds this photo"),
    ("GET", "/api/v1/jobs/none", None, {}, 404, "no longer holds this job"),
    ("GET", "/api/v1/models", None, {"Origin": "http://evil.example"}, 403, "Pages of http://evil.example"),
    ("GET", "/api/v1/models", None, {"Origin": "null"}, 403, "Pages of null"),
    ("GET", "/api/v1/models", None, {"Sec-Fetch-Site": "cross-site"}, 403, "Pages of other servers"),
    ("GET", "/api/v1/models", None, {"Host": "evil.example"}, 403, "not called evil.example"),
    ("GET", "/api/v1/models", None, {"Host": "127.0.0.1.evil.example:80"}, 403, "not called 127.0.0.1.evil.example"),
]


def test_refusals(server):
    for method, path, body, headers, status, words in REFUSED:
        answer = ask(server, method, path, body, headers)
        assert (answer.status, words in answer.sentence) == (status, True), (path, answer.status, answer.body)
        assert "access-control-allow-origin" not in {name.lower() for name in answer.headers}
    assert post_form(server, "/api/v1/complete", image=PHOTO, mask=MASK).status == 200


def test_uploads_without_a_length_are_limited_too(server):
    with contextlib.closing(connect(server)) as connection:
        connection.putrequest("POST", "/api/v1/photos")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        with contextlib.suppress(OSError):
            for _ in range(40):
                connection.send(b"8000\r\n" + bytes(0x8000) + b"\r\n")
        response = connection.getresponse()
        assert response.status == 413 and b"limit of 1 MB" in response.read()


def test_a_slow_upload_is_given_up_and_others_go_on(server):
    with contextlib.closing(connect(server)) as connection:
        connection.putrequest("POST", "/api/v1/photos")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"a")
        began = time.monotonic()
        assert post_form(server, "/api/v1/complete", image=PHOTO, mask=MASK).status == 200
        response = connection.getresponse()
        assert response.status == 408 and b"too slowly" in response.read()
        assert time.monotonic() - began >= PATIENCE - 0.5


def test_headers_that_come_slowly_hold_nobody(server):
    address = urllib.parse.urlsplit(server.url)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((address.hostname, address.port))) for _ in range(300)]
        for connection in slow[-200:]:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nSlow: ")
        assert post_form(server, "/api/v1/complete", image=PHOTO, mask=MASK).status == 200
        slow[-1].settimeout(10 * PATIENCE)
        assert slow[-1].recv(1) == b""  # Given up.
        # On a connection that is kept, too.
        kept = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=10 * PATIENCE))
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert kept.recv(10000).startswith(b"HTTP/1.1 200")
        kept.sendall(b"GET /health HTTP/1.1\r\n")
        while kept.recv(10000):
            pass


def test_a_client_that_leaves_in_the_middle_of_its_upload(server):
    address = urllib.parse.urlsplit(server.url)
    for _ in range(3):
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(b"POST /api/v1/complete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc")
    assert ask(server, "GET", "/health").status == 200


def test_folder_in_the_order_that_people_count(server):
    assert ask(server, "GET", "/api/v1/folder").json["photos"] == ["b9.png", "b10.png"]
    thumbnail = ask(server, "GET", "/api/v1/folder/b9.png/thumbnail")
    assert decode_photo(thumbnail.body, "thumbnail").array.shape == (64, 88, 3)


def test_eight_clients_at_once_one_bad_in_ten(server):
    sizes = [(64, 88), (40, 200), (120, 72), (96, 96)]
    photos = [("a.png", file_of(picture(*size, seed=number), "a.png")) for number, size in enumerate(sizes)]
    masks = [("m.png", file_of(hole(*size, (8, 30), (9, 40)), "m.png")) for size in sizes]
    expected = [post_form(server, "/api/v1/complete", image=image, mask=mask).body for image, mask in zip(photos, masks)]

    def client(number):
        wrong = 0
        for turn in range(2):
            index = (number + turn) % len(sizes)
            is_bad = (3 * number + turn) % 10 == 3
            answer = post_form(server, "/api/v1/complete", image=("a.png", b"bad") if is_bad else photos[index], mask=masks[index])
            wrong += (answer.status, answer.body == expected[index]) != ((422, False) if is_bad else (200, True))
        return wrong

    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        assert list(clients.map(client, range(8))) == [0] * 8
    until(lambda: "gated_inpaint_queue 0\n" in ask(server, "GET", "/metrics").body.decode())


def test_metrics_count(server):
    def count():
        text = ask(server, "GET", "/metrics").body.decode()
        found = re.search(r'gated_inpaint_requests_total\{method="POST",route="complete",status="200"\} (\d+)', text)
        assert all(re.fullmatch(r"# TYPE \w+ (counter|gauge)|\w+(\{.*\})? [-+.e\d]+", line) for line in text.splitlines())
        return int(found[1]) if found else 0

    before = count()
    post_form(server, "/api/v1/complete", image=PHOTO, mask=MASK)
    until(lambda: count() == before + 1)


def test_openapi_names_what_there_is(server):
    document = ask(server, "GET", "/api/v1/openapi.json").json
    there = {(method.lower(), path) for method, path, _ in ROUTES}
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} <= there
    options = document["paths"]["/api/v1/complete"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    for name in options.keys() - {"image", "mask", "sketch"}:
        value = options[name].get("default", {"model": "generator", "working_size": 64}.get(name))
        answer = post_form(server, "/api/v1/complete", {name: value}, image=PHOTO, mask=MASK)
        assert answer.status == 200, (name, answer.body)


def test_results_are_forgotten_and_brought_back(server, tmp_path):
    editor = server.editor
    opened = post_photo(server, "deep.png").json
    path = f"/api/v1/photos/{opened['id']}"
    versions, patches = ["original"], []
    for rows in ((20, 40), (44, 50)):
        mask = ("m.png", file_of(hole(rows=rows), "m.png"))
        job = post_form(server, f"{path}/results", {"version": versions[-1]}, mask=mask).json
        job = ask(server, "GET", f"/api/v1/jobs/{job['id']}?wait=20").json
        assert job["state"] == "done", job
        versions.append(job["result"]["version"])
        patches.append((job["result"]["begin"], ask(server, "GET", job["result"]["patch"]).body))
    file = f"{path}/versions/{versions[-1]}/file"
    expected = ask(server, "GET", file).body
    first = by_command(tmp_path, ("deep.png", FILES["deep.png"]), ("a.png", file_of(hole(), "a.png")), "one.png")
    assert ask(server, "GET", f"{path}/versions/{versions[1]}/file").body == first
    second = by_command(tmp_path, ("one.png", first), ("b.png", file_of(hole(rows=(44, 50)), "b.png")), "two.png")
    assert expected == second

    editor.photos._photos.clear()
    assert ask(server, "GET", file).json["type"] == "urn:gated-inpaint:not-held"
    post_photo(server, "deep.png")
    assert ask(server, "GET", file).json["type"] == "urn:gated-inpaint:not-held"
    for parent, version, (begin, data) in zip(versions, versions[1:], patches):
        query = urllib.parse.urlencode({"parent": parent, "row": begin[0], "column": begin[1]})
        assert ask(server, "POST", f"{path}/patches?{query}", data).json["version"] == version
    assert ask(server, "GET", file).body == expected
    assert (
        ask(server, "POST", f"{path}/patches?row=60&column=60", patches[0][1]).sentence
        == "The patch does not belong to this photo."
    )


def post_photo(server, name):
    return ask(server, "POST", f"/api/v1/photos?name={name}", FILES[name])


def test_what_is_held_is_bounded(server):
    with serving(max_held_megabytes=0.05) as small:
        first = post_photo(small, "deep.png").json["id"]
        for name in ("gray.tif", "clear.webp", "phone.jpg"):
            assert post_photo(small, name).status == 201
        assert ask(small, "GET", f"/api/v1/photos/{first}/picture").status == 404
        assert small.editor.photos.count()[1] <= 50_000


def test_a_token_is_asked_for(server):
    with serving(token="a long word", host="0.0.0.0") as guarded:
        for path in (
            "/",
            "/page/main.js",
            "/api/v1/models",
            "/metrics",
            "/?token=a+wrong+word",
            "/api/v1/models?token=a+long+word",
        ):
            assert ask(guarded, "GET", path).status == 401
        assert ask(guarded, "GET", "/health").status == 200
        assert ask(guarded, "GET", "/api/v1/models", headers={"Authorization": "Bearer a long word"}).status == 200
        welcome = ask(guarded, "GET", "/?token=a+long+word")
        assert (welcome.status, welcome.headers["Location"]) == (303, "/") and "HttpOnly; SameSite=Strict" in welcome.headers[
            "Set-Cookie"
        ]
        cookie = {"Cookie": welcome.headers["Set-Cookie"].split(";")[0]}
        assert ask(guarded, "GET", "/api/v1/models", headers=cookie).status == 200
        assert ask(guarded, "GET", "/api/v1/models", headers={**cookie, "Host": "192.168.1.7:80"}).status == 200
        assert ask(guarded, "GET", "/api/v1/models", headers={**cookie, "Host": "evil.example"}).status == 403
        assert ask(guarded, "GET", "/api/v1/models", headers={**cookie, "Origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize(
    "options, words",
    [
        ({"host": "0.0.0.0"}, "give a --token"),
        ({"token": "short"}, "at least 8 letters"),
        ({"port": 70000}, "--port must be"),
        ({"source": pathlib.Path("nowhere.png")}, "There is no file nowhere.png."),
        ({"max_queue": 0}, "--max_queue must be more than 0"),
        ({"weights": ("a/x.npz", "b/x")}, "called x"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(InputError, match=re.escape(words)):
        EditorOptions(**options).check()


def test_the_notebooks_cell(tmp_path, monkeypatch, capsys):
    text = (pathlib.Path(__file__).parents[2] / "docs/editor.md").read_text()
    cell = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    pathlib.Path("photo.jpg").write_bytes(FILES["phone.jpg"])
    monkeypatch.setattr("gated_inpaint.editor.server.make_app", lambda options, _: make_app(options, models()))
    cells = {}
    exec(cell, cells)
    try:
        until(lambda: ask(cells["server"], "GET", "/ready").status == 200)
        assert capsys.readouterr().out.strip() == cells["server"].url
        assert ask(cells["server"], "GET", "/api/v1/folder").json["photos"] == ["photo.jpg"]
    finally:
        cells["server"].stop()
        cells["thread"].join()


def test_a_port_that_is_taken(server):
    from gated_inpaint.editor.server import EditorServer

    port = urllib.parse.urlsplit(server.url).port
    with pytest.raises(InputError, match=f"port {port}: .*--port=0"):
        EditorServer(EditorOptions(port=port))


def test_the_mask_may_be_of_any_kind_that_the_command_takes(server):
    opened = post_photo(server, "deep.png").json
    strokes = np.concatenate([np.full([64, 88, 3], 200, np.uint8), hole()], axis=-1)
    found = ask(server, "POST", f"/api/v1/photos/{opened['id']}/mask?name=strokes.png", file_of(strokes, "strokes.png")).json
    assert (found["begin"], found["end"]) == ([20, 30], [40, 55])
    bits = np.unpackbits(np.frombuffer(zlib.decompress(base64.b64decode(found["bits"])), np.uint8))
    assert bits.reshape(20, -1)[:, :25].all() and bits.sum() == 500


def test_a_phones_photo_is_shown_upright(server):
    opened = post_photo(server, "phone.jpg").json
    assert (opened["width"], opened["height"], opened["bits"], opened["format"]) == (88, 64, 8, "JPEG")
    shown = decode_photo(ask(server, "GET", f"/api/v1/photos/{opened['id']}/picture").body, "shown")
    assert (shown.array == decode_photo(FILES["phone.jpg"], "a").array).all() and shown.metadata.icc_profile
    assert post_json(server, f"/api/v1/photos/{opened['id']}/object", {"begin": [0, 0], "end": [2]}).status == 422
