"""How fluid the editor is with a photo of 24 megapixels, in a real browser, and how its server bears eight clients.

    python benchmarks/editor.py --page       seconds to the first stroke; milliseconds that frames and pointers take under a brush
    python benchmarks/editor.py --complete   a hole of 2% in that photo, through the API and by the command, in turns
    python benchmarks/editor.py --load=60    eight clients for so many seconds: answers, errors, memory

Needs Chromium on the PATH, and the extra `test`. Milliseconds are those of Chromium's own trace.
"""

import argparse
import collections
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from gated_inpaint import example
from gated_inpaint.editor.options import EditorOptions
from gated_inpaint.editor.server import EditorServer
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions


def jpeg(height, width):
    photo = Image.open(example.PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    data = io.BytesIO()
    photo.save(data, "JPEG", quality=92)
    return data.getvalue()


def png(array):
    data = io.BytesIO()
    Image.fromarray(array).save(data, "PNG")
    return data.getvalue()


def of_page(url):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script("localStorage.gated_inpaint = JSON.stringify({ auto: false })")
        page.goto(url)
        processes = browser.new_browser_cdp_session()

        def own_seconds():
            """Of the server, and of all the browser's processes."""
            of_browser = processes.send("SystemInfo.getProcessInfo")["processInfo"]
            return np.array([time.process_time(), sum(one["cpuTime"] for one in of_browser)])

        photo = pathlib.Path(folder) / "large.jpg"
        photo.write_bytes(jpeg(4000, 6000))
        ends = []
        page.on("requestfinished", lambda request: "/photos?" in request.url and ends.append(request.timing))
        began = own_seconds()
        page.set_input_files("#photo-file", photo)
        page.locator("#dock").wait_for()
        page.mouse.move(400, 300)
        page.mouse.down()
        page.mouse.move(420, 310)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        now = page.evaluate("performance.timeOrigin + performance.now()")
        # The server is sent a file of this machine in no time; what it takes to read it counts.
        sent = ends[0]["startTime"] + ends[0]["requestStart"]
        of_server, of_browser = own_seconds() - began
        own = f"{of_server:.2f} s of the processor for the server, {of_browser:.2f} s for the browser"
        print(f"6000x4000 JPEG: first stroke {(now - sent) / 1000:.2f} s after the upload began; {own}.")
        page.mouse.up()

        for size in (60, 800):
            page.evaluate("(size) => import('/page/main.js').then(({ inspected }) => inspected.setBrushSize(size))", size)
            session = page.context.new_cdp_session(page)
            events = []
            session.on("Tracing.dataCollected", lambda data, events=events: events.extend(data["value"]))
            done = []
            session.on("Tracing.tracingComplete", lambda _, done=done: done.append(True))
            session.send("Tracing.start", {"traceConfig": {"includedCategories": ["devtools.timeline"]}})
            page.mouse.move(300, 200)
            page.mouse.down()
            for turn in range(120):
                page.mouse.move(300 + 7 * turn, 300 + 150 * np.sin(turn / 6))
            page.mouse.up()
            session.send("Tracing.end")
            while not done:
                page.wait_for_timeout(50)
            frames = [event for event in events if event.get("name") == "FireAnimationFrame"]
            pointers = [
                event
                for event in events
                if event.get("name") == "EventDispatch" and event["args"]["data"]["type"].startswith("pointer")
            ]
            print(f"Brush of {size} px: {_times('frames', frames)}; {_times('pointer events', pointers)}.")
        browser.close()


def _times(name, events):
    """Milliseconds of a trace's events: by the clock, and of those the page's own, which others on the machine do not lengthen."""
    clock, own = ([event[key] / 1000 for event in events if key in event] for key in ("dur", "tdur"))
    return (
        f"{len(clock)} {name}, median {np.median(clock):.1f} ms, longest {max(clock):.1f} ms "
        f"(the page's own: {np.median(own):.1f} and {max(own):.1f})"
    )


def _complete(url, image, mask):
    """(status, body) of the API's answer."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, data in (("image", image), ("mask", mask)):
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n\r\n'.encode() + data + b"\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}api/v1/complete", body + f"--{boundary}--".encode(), headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def of_completion(url, turns=5):
    photo, mask = jpeg(4000, 6000), np.zeros([4000, 6000], np.uint8)
    mask[1500:2190, 2600:3296] = 255
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "a.jpg").write_bytes(photo)
        (folder / "mask.png").write_bytes(png(mask))
        options = CompletionOptions(folder / "a.jpg", folder / "mask.png", folder / "out.jpg", report=folder / "report")
        seconds = []
        for _ in range(turns):
            complete_files(options)  # Its report has the seconds without those that it takes to load the weights.
            began, own = time.monotonic(), time.process_time()
            status, answer = _complete(url, photo, (folder / "mask.png").read_bytes())
            api = time.monotonic() - began, time.process_time() - own
            assert status == 200
            # Graphs round otherwise than what is computed at once: a level, which JPEG may make more of.
            pictures = (np.asarray(Image.open(data), np.int32) for data in (io.BytesIO(answer), folder / "out.jpg"))
            difference = np.abs(np.subtract(*pictures))
            seconds.append((json.loads((folder / "report").read_text())["seconds"], *api))
            levels = f"levels differ by {difference.max()} at most"
            print(f"6000x4000, hole of 2%: the command {seconds[-1][0]:.2f} s, the API {api[0]:.2f} s; {levels}.")
    command, api, own = np.median(seconds, axis=0)
    print(f"Medians: the command {command:.2f} s, the API {api:.2f} s ({own:.2f} s of processors): ratio {api / command:.2f}.")


def of_load(url, seconds):
    sizes = [(256, 256), (300, 451), (512, 512), (640, 480)]
    photos = [jpeg(*size) for size in sizes]
    masks = []
    for size in sizes:
        mask = np.zeros(size, np.uint8)
        mask[60:140, 80:170] = 255
        masks.append(png(mask))

    def post(image, mask):
        return _complete(url, image, mask)

    expected = [post(*pair)[1] for pair in zip(photos, masks)]
    counts, memory, end = collections.Counter(), [], time.monotonic() + seconds

    def client(number):
        turn = 0
        while time.monotonic() < end:
            index, is_bad = (number + turn) % len(sizes), (8 * turn + number) % 10 == 3
            status, answer = post(b"no photo" if is_bad else photos[index], masks[index])
            right = status == 422 if is_bad else (status, answer) == (200, expected[index])
            counts[("bad refused" if is_bad else "completed") if right else f"WRONG {status}"] += 1
            turn += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        status = pathlib.Path("/proc/self/status").read_text()
        memory.append(int(status.split("VmRSS:")[1].split()[0]) // 1024)
        time.sleep(5)
    print(f"Eight clients, {seconds} s: {dict(counts)}. Memory of the process every 5 s, MB: {memory}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--load", type=int, default=0)
    chosen = parser.parse_args()
    server = EditorServer(EditorOptions(port=0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.editor.models.is_ready:
            time.sleep(0.2)
        if chosen.page:
            of_page(server.url)
        if chosen.complete:
            of_completion(server.url)
        if chosen.load:
            of_load(server.url, chosen.load)
    finally:
        server.stop()
        thread.join()


if __name__ == "__main__":
    main()
