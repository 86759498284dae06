"""The routes of the editor, and the server that listens.

`make_app` returns an ASGI application; `EditorServer` runs it with uvicorn. What takes long leaves the event loop: completions
wait for the worker's one thread; reading, writing and searching photos take one of `THREADS`. Errors of a person's making are
sentences, as `problems` says; the same ones that the command would print.
"""

import asyncio
import base64
import binascii
import contextlib
import dataclasses
import difflib
import io
import json
import os
import pathlib
import socket
import time
import urllib.parse

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import gated_inpaint
from gated_inpaint.editor import completing, openapi, selection
from gated_inpaint.editor.folder import Folder
from gated_inpaint.editor.guard import Guard
from gated_inpaint.editor.listening import patient_protocol
from gated_inpaint.editor.metrics import Metrics
from gated_inpaint.editor.photos import ORIGINAL, Photos, suffix_of
from gated_inpaint.editor.problems import Problem, not_held
from gated_inpaint.editor.worker import FullError, Pace, Worker
from gated_inpaint.errors import InputError
from gated_inpaint.files import encoding
from gated_inpaint.files.image_files import Photo, decode_photo
from gated_inpaint.files.masks import mask_of
from gated_inpaint.files.pixels import image_of, to_8_bits
from gated_inpaint.inference.pictures import attention_picture, mask_over_photo

THREADS = 2  # For work on photos beside the worker's.
LARGEST_EXACT_PREVIEW = 4_000_000  # Pixels of photos that are shown to the bit; of larger ones a JPEG is, which is quick.
LARGEST_WITH_STAGES = 4_000_000
LONGEST_END = 5.0  # Seconds that what is computed may take after the server's end.
LONGEST_WAIT = 25.0  # Seconds for which a question after a job may be left open.

PAGE = pathlib.Path(__file__).with_name("page")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "TIFF": "image/tiff"}


class Editor:
    """What the routes share. Arguments: `EditorOptions`, checked; `completing.Models`, or None to load those of the options."""

    def __init__(self, options, models=None):
        self.options = options
        self.metrics, self.pace = Metrics(), Pace()
        self.models = models or completing.Models(options.weights, options.precision)
        self.photos = Photos(int(options.max_held_megabytes * 1e6), options.max_megapixels)
        self.folder = Folder(options.source)
        self.worker = Worker(options.max_queue, self._ended)
        self.page = {path.name: path.read_bytes() for path in PAGE.iterdir() if path.suffix in _TYPES}
        self._threads = None
        self.loading = self.worker.submit(lambda job: self.models.load_all(self.pace.learn), label="load")

    def _ended(self, job):
        self.metrics.add("jobs_total", kind=job.label, state=job.state)
        if job.seconds is not None:
            self.metrics.add("job_seconds_total", job.seconds, kind=job.label)

    async def in_thread(self, function, *arguments):
        if self._threads is None:  # It belongs to the loop that runs.
            self._threads = asyncio.Semaphore(THREADS)
        async with self._threads:
            return await asyncio.to_thread(function, *arguments)

    def submit(self, work, estimate=None, label="complete"):
        try:
            return self.worker.submit(work, estimate, label)
        except FullError:
            _, seconds = self.worker.waiting()
            sentence = f"{self.options.max_queue} photos wait already: try again in a while."
            raise Problem(503, sentence, Retry_After=str(max(round(seconds), 1))) from None

    async def ended(self, job, request):
        """Waits for a job; one that nobody waits for any more is cancelled."""
        finished = asyncio.wrap_future(job.finished)
        while not (await asyncio.wait({finished}, timeout=0.5))[0]:
            if await request.is_disconnected():
                self.worker.cancel(job)
        return job

    def prepare(self, photo, model):
        """Has the graph made for photos of this kind while somebody still paints."""
        kind = model, photo.array.shape[-1], photo.array.dtype.name
        if self.models.is_ready and not self.models.is_warm(*kind):
            with contextlib.suppress(Problem):
                self.submit(lambda job: self.models.warm_up(*kind), label="load")

    def planned(self, request, hole):
        """`completing.Planned`, and its estimate in seconds; None twice while the weights are being loaded."""
        if not self.models.is_ready:
            return None, None
        plan = completing.planned(self.models, request, hole)
        return plan, self.pace.estimate(self.models.checked(request.model), plan.work)

    def completed(self, job, request, array, hole, lines, plan=None):
        """The completed picture; learns how long it took. `plan` is a `completing.Planned`, if it was made before."""
        if not hole.any():
            return completing.complete(self.models, request, array, hole, lines, job)
        name = self.models.checked(request.model)
        plan = plan or completing.planned(self.models, request, hole)
        job.estimate, job.plan = self.pace.estimate(name, plan.work), plan.chosen.sentence
        completed = completing.complete(self.models, request, array, hole, lines, job, plan.chosen)
        self.pace.learn(name, plan.work, time.monotonic() - job.began)
        job.check()
        return completed


def make_app(options, models=None):
    """The ASGI application; arguments as for `Editor`."""
    editor = Editor(options, models)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield
        editor.worker.close()  # So that nobody waits for what will not come.

    app = Starlette(
        routes=[Route(path, function, methods=[method]) for method, path, function in ROUTES],
        exception_handlers={Problem: _of_problem, InputError: _of_input_error, HTTPException: _of_http_error, Exception: _of_fault},
        lifespan=lifespan,
    )
    app.state.editor = editor

    def on_end(scope, status, seconds):
        route = getattr(scope.get("endpoint"), "__name__", "none")
        editor.metrics.add("requests_total", method=scope["method"], route=route, status=status)
        editor.metrics.add("request_seconds_total", seconds, route=route)

    guarded = Guard(app, options, on_end)
    guarded.editor = editor
    return guarded


class EditorServer:
    """Listens from when it is made; answers while `run` runs.

    Arguments:
      options: `EditorOptions`.
      models: `completing.Models` of another server, which are loaded already; None: those of the options are loaded.

    Attributes:
      url: of the page, with the token if there is one.

    Raises:
      InputError: an option cannot be used; the folder cannot be read; or the address cannot be listened on.
    """

    def __init__(self, options, models=None):
        options.check()
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind((options.host, options.port))
            self._listener.listen(128)
        except OSError as error:
            self._listener.close()
            reason = error.strerror or error
            place = f"{options.host}, port {options.port}"
            raise InputError(f"Cannot listen on {place}: {reason}. --port=0 takes any that is free.") from error
        self._app = make_app(options, models)
        config = uvicorn.Config(
            self._app,
            log_level="warning",
            access_log=False,
            server_header=False,
            http=patient_protocol(options.upload_patience),
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(options.host, options.host)
        query = f"?token={urllib.parse.quote(options.token)}" if options.token else ""
        self.url = f"http://{name}:{self._listener.getsockname()[1]}/{query}"

    def run(self):
        """Serves until it is interrupted, or stopped by another thread. Returns whether nothing is computed any more."""
        try:
            with contextlib.suppress(KeyboardInterrupt):  # It is how a server is ended.
                self._server.run(sockets=[self._listener])
        finally:
            self._listener.close()
            is_idle = self._app.editor.worker.close(LONGEST_END)
        return is_idle

    def stop(self):
        self._server.should_exit = True

    @property
    def editor(self):
        return self._app.editor


# Pages and what watches the server.


async def page(request):
    name = request.path_params.get("name", "index.html")
    editor = _editor(request)
    if name not in editor.page:
        raise Problem(404, f"There is no page {name}.")
    return Response(editor.page[name], headers={"Content-Type": _TYPES[pathlib.PurePath(name).suffix], "Cache-Control": "no-cache"})


async def health(request):
    return JSONResponse({"status": "ok", "version": gated_inpaint.__version__})


async def ready(request):
    editor = _editor(request)
    if editor.models.is_ready:
        return JSONResponse({"status": "ready"})
    if editor.loading.state == "failed":
        raise Problem(503, editor.loading.sentence)
    raise Problem(503, "The weights are being loaded: try again in some seconds.", Retry_After="2")


async def metrics(request):
    editor = _editor(request)
    (photos, held), (jobs, _) = editor.photos.count(), editor.worker.waiting()
    text = editor.metrics.text(queue=jobs, photos_held=photos, held_bytes=held, ready=int(editor.models.is_ready))
    return Response(text, media_type="text/plain; version=0.0.4")


async def openapi_document(request):
    return JSONResponse(openapi.document())


async def models(request):
    editor = _editor(request)
    return JSONResponse(
        {
            "models": editor.models.describe(),
            "default": editor.models.default,
            "hd_strategies": list(completing.STRATEGIES),
            "limits": {
                "megapixels": editor.options.max_megapixels,
                "upload_bytes": int(editor.options.max_upload_megabytes * 1e6),
            },
            "problem": editor.loading.sentence,
        }
    )


# One call from photo and mask to the result.


async def complete(request):
    editor = _editor(request)
    files, chosen = await (_json_inputs if _is_json(request) else _form_inputs)(request)
    if "image" not in files:
        raise Problem(400, "The request has no image: send it as the field `image`, and the mask as `mask`.")
    options = _request_of(chosen, editor)
    output = pathlib.PurePath(files["image"][0]).with_suffix(suffix_of(files["image"][0], options.output_format)).name

    def work(job):
        photo, hole, lines, remarks = completing.read_inputs(options, **files)
        completed = editor.completed(job, options, photo.array, hole, lines)
        data, lost = encoding.encode(output, completed, photo.metadata, options.quality)
        if not hole.any():
            remarks.append("The mask is empty: the image is returned unchanged.")
        return data, [*remarks, *(f"{output}: {remark}." for remark in lost)]

    job = await editor.ended(editor.submit(work), request)
    data, remarks = _result(job)
    seconds = {"Server-Timing": f"completion;dur={1000 * job.seconds:.0f}"}
    if "application/json" in request.headers.get("accept", ""):
        answer = {"image": base64.b64encode(data).decode(), "name": output, "plan": job.plan, "notes": remarks}
        return JSONResponse({**answer, "seconds": round(job.seconds, 3)}, headers=seconds)
    return _file(output, data, Notes=json.dumps(remarks), Plan=job.plan, **seconds)


# Photos that the page works on.


async def folder(request):
    editor = _editor(request)
    names = await editor.in_thread(editor.folder.names)
    return JSONResponse({"photos": names, "is_folder": editor.folder.is_folder, "name": editor.folder.title})


async def thumbnail(request):
    editor = _editor(request)
    data = await editor.in_thread(editor.folder.thumbnail, request.path_params["name"])
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


async def open_photo(request):
    editor = _editor(request)
    if "from_folder" in request.query_params:
        name = request.query_params["from_folder"]
        data = await editor.in_thread(editor.folder.read, name)
    else:
        name, data = pathlib.PurePath(request.query_params.get("name") or "photo").name, await request.body()
    held = await editor.in_thread(editor.photos.open, name, data)
    height, width, channels = held.photo.array.shape
    editor.prepare(held.photo, editor.models.checked(request.query_params.get("model")))
    return JSONResponse(
        {
            "id": held.id,
            "name": name,
            "width": width,
            "height": height,
            "bits": 8 * held.photo.array.itemsize,
            "channels": channels,
            "format": held.photo.metadata.format,
            "file_suffix": suffix_of(name, "same"),
            "has_profile": held.photo.metadata.icc_profile is not None,
            "notes": list(held.photo.notes),
            "is_shown_as_file": held.is_shown_as_file,
            "version": ORIGINAL,
        },
        201,
    )


async def picture(request):
    """The photo as the page shows it: upright, 8 bits, with its profile."""
    editor, held = _held(request)
    if held.is_shown_as_file:
        data, media = held.data, "image/jpeg"
    else:
        data, media = await editor.in_thread(_preview, held.photo)
    return Response(data, media_type=media, headers={"Cache-Control": "private, max-age=3600"})


async def run(request):
    editor, held = _held(request)
    files, chosen = await _form_inputs(request)
    version = chosen.pop("version", ORIGINAL)
    if "mask" not in files:
        raise Problem(400, "The request has no mask: send it as the field `mask`.")
    options = _request_of(chosen, editor)
    array = await editor.in_thread(held.array, version)
    image = (held.name, held.data)
    hole, lines = await editor.in_thread(_marks, options, array.shape[:2], files, image)
    if not hole.any():
        raise InputError("The mask is empty: paint over what should go first.")

    plan, seconds = await editor.in_thread(editor.planned, options, hole)

    def work(job):
        completed = editor.completed(job, options, array, hole, lines, plan)
        result = held.add(version, completed, hole)
        held.asked[result] = options, lines
        editor.photos.make_room(held)
        begin, end = _window(hole)
        return {
            "version": result,
            "begin": begin,
            "end": end,
            "patch": f"/api/v1/photos/{held.id}/versions/{result}/patch",
            "plan": job.plan,
            "seconds": round(time.monotonic() - job.began, 3),
        }

    job = editor.submit(work, seconds)
    return JSONResponse(_job_json(editor, job), 202, {"Location": f"/api/v1/jobs/{job.id}"})


async def estimate(request):
    """How a hole would be completed, and how long that would take; its mask may be of a window of the photo."""
    editor, held = _held(request)
    files, chosen = await _form_inputs(request)
    begin = [_number(chosen.pop(name, "0"), name) for name in ("row", "column")]
    if "mask" not in files:
        raise Problem(400, "The request has no mask: send it as the field `mask`.")
    options = _request_of(chosen, editor)

    def find():
        name, data = files["mask"]
        inside = decode_photo(data, name, options.max_megapixels).array[..., 0] > 0
        hole = np.zeros(held.photo.array.shape[:2], bool)
        window = hole[tuple(slice(first, first + length) for first, length in zip(begin, inside.shape))]
        if min(begin) < 0 or window.shape != inside.shape:
            raise InputError("The mask does not lie inside the photo.")
        window[...] = inside
        return editor.planned(options, hole) if inside.any() else (None, None)

    plan, seconds = await editor.in_thread(find)
    before, waiting = editor.worker.waiting()
    sentence = plan.chosen.sentence if plan else ""
    return JSONResponse({"seconds": seconds, "plan": sentence, "jobs_before": before, "waiting_seconds": waiting})


async def patch(request):
    _, held = _held(request)
    return Response(
        held.patch(request.path_params["version"]).file,
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


async def add_patch(request):
    """Brings back a result that the server made once, and forgot."""
    editor, held = _held(request)
    query = request.query_params
    begin = _number(query.get("row"), "row"), _number(query.get("column"), "column")
    data = await request.body()
    version = await editor.in_thread(held.add_again, query.get("parent", ORIGINAL), begin, data)
    editor.photos.make_room(held)
    return JSONResponse({"version": version}, 201)


async def file(request):
    editor, held = _held(request)
    options = _request_of({name: request.query_params[name] for name in request.query_params}, editor)
    made = await editor.in_thread(held.file, request.path_params["version"], options.output_format, options.quality)
    name, data, remarks = made
    return _file(name, data, Notes=json.dumps(remarks))


async def stages(request):
    """What the network made on its way: pictures of the photo, or of each piece and where in the photo it lies."""
    editor, held = _held(request)
    version = request.path_params["version"]
    made, (options, lines) = held.patch(version), held.asked.get(version, (completing.Request(), None))

    def work(job):
        array = held.array(made.parent)
        hole = np.zeros(array.shape[:2], bool)
        (row, column), (height, width) = made.begin, made.hole.shape
        hole[row : row + height, column : column + width] = made.hole
        inpainter = editor.models.load(editor.models.checked(options.model), options)
        chosen = inpainter.plan(hole)
        is_large = hole.size > LARGEST_WITH_STAGES
        if is_large and not chosen.pieces:
            raise InputError(
                f"What the network made on its way is shown of photos up to {LARGEST_WITH_STAGES / 1e6:g} megapixels, or of pieces."
            )
        seen = inpainter.stages(array, hole, lines, job.check, chosen)
        shown = {f"piece{number}_": window.tolist() for number, window in enumerate(chosen.windows, start=1)}
        whole = [[0, 0], list(hole.shape)]
        pictures = dict(seen.stages)
        for prefix, offsets in seen.offsets.items():
            size = hole.shape if not prefix else [8 * positions for positions in offsets.shape[:2]]
            pictures[f"{prefix}attention"] = attention_picture(offsets, *size)
        if not is_large:
            pictures["mask"] = mask_over_photo(array, hole)
        windows = {name: shown.get(name[: name.find("_") + 1], whole) for name in pictures}
        return {"pictures": {name: _png(to_8_bits(picture), held.photo) for name, picture in pictures.items()}, "windows": windows}

    job = editor.submit(work, label="stages")
    return JSONResponse(_job_json(editor, job), 202, {"Location": f"/api/v1/jobs/{job.id}"})


async def stage(request):
    editor, job = _job(request)
    pictures = (job.result or {}).get("pictures", {}) if job.state == "done" else {}
    name = request.path_params["name"]
    if name not in pictures:
        raise Problem(404, f"There is no picture called {name}.")
    return Response(pictures[name], media_type="image/png")


# What the page has found in photos and masks.


async def find_object(request):
    editor, held = _held(request)
    chosen = await _json_of(request)
    begin, end = _corners(chosen)
    point = chosen.get("point")
    point = None if point is None else _pair(point, "point")
    version = str(chosen.get("version", ORIGINAL))

    def find():
        return selection.as_json(selection.object_in(held.array(version), begin, end, point))

    return JSONResponse(await editor.in_thread(find))


async def find_edges(request):
    editor, held = _held(request)
    chosen = await _json_of(request)
    version = str(chosen.get("version", ORIGINAL))
    return JSONResponse(await editor.in_thread(lambda: selection.as_json(selection.edges(held.array(version)))))


async def read_marks(request):
    """A mask of any kind that the command understands, as the page takes it."""
    editor, held = _held(request)
    query = dict(request.query_params)
    name, data = pathlib.PurePath(query.pop("name", "mask")).name, await request.body()
    options = _request_of(query, editor)

    def read():
        array = decode_photo(data, name, options.max_megapixels).array
        size = held.photo.array.shape[:2]
        mask = mask_of(array, name, options.mask_from, options.invert_mask, options.grow_mask, size, options.resize_mask)
        return {**selection.as_json(mask.hole), "note": mask.note}

    return JSONResponse(await editor.in_thread(read))


# Jobs.


async def job_state(request):
    editor, job = _job(request)
    wait = min(_number(request.query_params.get("wait", "0"), "wait", float), LONGEST_WAIT)
    if wait > 0 and not job.finished.done():
        await asyncio.wait({asyncio.wrap_future(job.finished)}, timeout=wait)
    return JSONResponse(_job_json(editor, job))


async def cancel_job(request):
    editor, job = _job(request)
    editor.worker.cancel(job)
    return JSONResponse(_job_json(editor, job))


ROUTES = (
    ("GET", "/", page),
    ("GET", "/page/{name}", page),
    ("GET", "/health", health),
    ("GET", "/ready", ready),
    ("GET", "/metrics", metrics),
    ("GET", "/api/v1/openapi.json", openapi_document),
    ("GET", "/api/v1/models", models),
    ("POST", "/api/v1/complete", complete),
    ("GET", "/api/v1/folder", folder),
    ("GET", "/api/v1/folder/{name}/thumbnail", thumbnail),
    ("POST", "/api/v1/photos", open_photo),
    ("GET", "/api/v1/photos/{photo}/picture", picture),
    ("POST", "/api/v1/photos/{photo}/results", run),
    ("POST", "/api/v1/photos/{photo}/estimate", estimate),
    ("POST", "/api/v1/photos/{photo}/patches", add_patch),
    ("GET", "/api/v1/photos/{photo}/versions/{version}/patch", patch),
    ("GET", "/api/v1/photos/{photo}/versions/{version}/file", file),
    ("POST", "/api/v1/photos/{photo}/versions/{version}/stages", stages),
    ("POST", "/api/v1/photos/{photo}/object", find_object),
    ("POST", "/api/v1/photos/{photo}/edges", find_edges),
    ("POST", "/api/v1/photos/{photo}/mask", read_marks),
    ("GET", "/api/v1/jobs/{job}", job_state),
    ("DELETE", "/api/v1/jobs/{job}", cancel_job),
    ("GET", "/api/v1/jobs/{job}/pictures/{name}", stage),
)


# From requests to what they ask for.


def _editor(request):
    return request.app.state.editor


def _held(request):
    editor = _editor(request)
    return editor, editor.photos.get(request.path_params["photo"])


def _job(request):
    editor = _editor(request)
    job = editor.worker.job(request.path_params["job"])
    if job is None:
        raise not_held("job")
    return editor, job


def _is_json(request):
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == "application/json"


async def _json_of(request):
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The request is no JSON: {' '.join(str(error).split())}.") from error
    if not isinstance(body, dict):
        raise Problem(400, "The request must be a JSON object.")
    return body


async def _json_inputs(request):
    """({"image": (name, bytes), ...}, {option: value}) of base64 in JSON."""
    body, files = await _json_of(request), {}
    for name in ("image", "mask", "sketch"):
        text, called = body.pop(name, None), body.pop(f"{name}_name", name)
        if text is None:
            continue
        try:
            files[name] = (pathlib.PurePath(str(called)).name or name, base64.b64decode(text, validate=True))
        except (TypeError, ValueError, binascii.Error) as error:
            raise Problem(400, f"The {name} is no base64.") from error
    return files, body


async def _form_inputs(request):
    """The same of a multipart form."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "Send a multipart form, or where the API has it application/json.")
    files, chosen = {}, {}
    async with request.form(max_files=4, max_fields=32) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                chosen[name] = value
            elif name in ("image", "mask", "sketch"):
                files[name] = (pathlib.PurePath(value.filename or name).name or name, await value.read())
            else:
                raise Problem(400, f"There is no field {name} for a file: image, mask and sketch are.")
    return files, chosen


def _request_of(chosen, editor):
    """A `completing.Request` of names and values, as text or JSON has them; raises InputError."""
    fields = {field.name: field for field in dataclasses.fields(completing.Request) if field.name != "max_megapixels"}
    values = {}
    for name, value in chosen.items():
        if name in ("begin", "end"):
            continue
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            raise Problem(400, f"There is no option {name}{f': did you mean {near[0]}?' if near else '.'}")
        default = fields[name].default
        if isinstance(default, bool):
            said = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
            if said is None:
                raise InputError(f"{name} must be true or false, not {value}.")
            values[name] = said
        elif isinstance(default, int) or (name == "working_size" and value is not None):
            values[name] = _number(value, name)
        else:
            values[name] = None if value is None else str(value)
    request = completing.Request(max_megapixels=editor.options.max_megapixels, **values)
    return dataclasses.replace(request, model=editor.models.checked(request.model))


def _number(value, name, kind=int):
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not abs(number) < 2**31:
        raise InputError(f"{name} must be {'a whole number' if kind is int else 'a number'}, not {value}.")
    return number


def _pair(value, name):
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{name} must be [row, column], not {value}.")
    return tuple(_number(number, name) for number in value)


def _corners(chosen):
    return _pair(chosen.get("begin"), "begin"), _pair(chosen.get("end"), "end")


def _marks(options, size, files, image):
    """The hole and the lines, bool [height, width], or None where there is no sketch."""
    blank = Photo(np.zeros([*size, 1], np.uint8))
    _, hole, lines, _ = completing.read_inputs(options, image, files["mask"], files.get("sketch"), photo=blank)
    return hole, lines


def _window(hole):
    """(row, column) where what is true begins, and ends (exclusive)."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return (0, 0), (0, 0)
    return (int(rows[0]), int(columns[0])), (int(rows[-1]) + 1, int(columns[-1]) + 1)


# From what was made to answers.


def _result(job):
    if job.state == "done":
        return job.result
    if job.state == "failed":
        raise Problem(500, job.sentence) if job.is_fault else InputError(job.sentence)
    raise Problem(503, "The completion was cancelled.")


def _job_json(editor, job):
    before, waiting = editor.worker.waiting(job)
    began = job.began
    said = {
        "id": job.id,
        "state": job.state,
        "jobs_before": before,
        "waiting_seconds": waiting,
        "estimate": job.estimate,
        "seconds": job.seconds if job.seconds is not None else time.monotonic() - began if began else None,
        "progress": job.progress,
        "plan": job.plan,
        "problem": job.sentence,
        "result": None,
    }
    if job.state == "done" and isinstance(job.result, dict):
        pictures = {name: f"/api/v1/jobs/{job.id}/pictures/{name}" for name in job.result.get("pictures", {})}
        said["result"] = {**job.result, "pictures": pictures} if pictures else job.result
    return said


def _file(name, data, **headers):
    media = _MEDIA[encoding.SUFFIXES[pathlib.PurePath(name).suffix.lower()]]
    disposition = f"attachment; filename*=UTF-8''{urllib.parse.quote(name)}"
    return Response(data, media_type=media, headers={"Content-Disposition": disposition, **headers})


def _preview(photo):
    if photo.array.shape[0] * photo.array.shape[1] <= LARGEST_EXACT_PREVIEW or photo.array.shape[-1] in (2, 4):
        return _png(to_8_bits(photo.array), photo), "image/png"
    data, profile = io.BytesIO(), photo.metadata.icc_profile
    image_of(to_8_bits(photo.array)).save(data, "JPEG", quality=92, subsampling=0, **({"icc_profile": profile} if profile else {}))
    return data.getvalue(), "image/jpeg"


def _png(array, photo):
    return encoding.encode("picture.png", array, photo.metadata._replace(exif=None, xmp=None), 95)[0]


async def _of_problem(request, problem):
    return problem.response()


async def _of_input_error(request, error):
    return Problem(422, str(error)).response()


async def _of_http_error(request, error):
    sentence = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not what {request.url.path} takes.",
    }.get(error.status_code, str(error.detail).rstrip(".") + ".")
    headers = {name.replace("-", "_"): value for name, value in (error.headers or {}).items()}
    return Problem(error.status_code, sentence, **headers).response()


async def _of_fault(request, error):
    return Problem(500, "Something went wrong in the server; what, is in its log.").response()
