"""The page in a browser, as people use it: what is painted is what is shown, sent and changed, to the pixel."""

import contextlib
import http.server
import json
import pathlib
import re
import threading
import urllib.parse

import numpy as np
import pytest
from editor_server import ask, file_of, hole, phone_jpeg, picture, serving, until

from gated_inpaint.editor import completing
from gated_inpaint.files.image_files import decode_photo
from gated_inpaint.files.masks import grown

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def browser(chromium, server):
    """A function that opens the page in a browser of its own; errors in it, and requests to anybody else, fail the test."""
    contexts, wrong = [], []

    def open_page(at=server, photo=None, settings=None, **options):
        context = chromium.new_context(**{"viewport": {"width": 1000, "height": 760}, "accept_downloads": True, **options})
        contexts.append(context)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        origin = at.url.split("?")[0]

        def on_request(request):
            if not request.url.startswith((origin, "blob:", "data:")):
                wrong.append(request.url)

        context.on("request", on_request)
        stored = json.dumps(json.dumps({"auto": False, **(settings or {})}))
        context.add_init_script(
            f"if (location.protocol === 'http:' && !localStorage.gated_inpaint) localStorage.gated_inpaint = {stored}"
        )
        page = context.new_page()
        page.goto(at.url)
        wait_for(page, "document.querySelector('#model').options.length > 0")
        if photo is not None:
            open_photo(page, *photo)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def open_photo(page, name, data):
    page.set_input_files("#photo-file", {"name": name, "mimeType": "image/*", "buffer": data})
    page.locator("#photo-name").filter(has_text=name).wait_for()
    page.locator("#dock").wait_for()


PNG = ("photo.png", file_of(picture(), "photo.png"))


def look(page, expression, argument=None):
    """An expression of the page's own objects, for questions that no button answers."""
    said = "({ inspected: { view, state, setBrushSize, growBy } }) => " + expression
    return page.evaluate(f"(argument) => import('/page/main.js').then({said})", argument)


def wait_for(page, expression):
    until(lambda: look(page, expression), 30)


def view_of(page):
    return look(page, "[view.left, view.top, view.scale, view.ratio]")


def at(page, x, y):
    """Where, in the window, a position of the photo is."""
    left, top, scale, ratio = view_of(page)
    box = page.locator("#overlay").bounding_box()
    return box["x"] + (left + x * scale) / ratio, box["y"] + (top + y * scale) / ratio


def drag(page, *points, button="left", steps=3):
    first, *rest = (at(page, *point) for point in points)
    page.mouse.move(*first)
    page.mouse.down(button=button)
    for point in rest:
        page.mouse.move(*point, steps=steps)
    page.mouse.up(button=button)


def tool(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def brush(page, pixels):
    look(page, "setBrushSize(argument)", pixels)


def marked(page, layer="mask"):
    """The layer as the page holds it, bool [height, width]."""
    width, height, data = look(
        page, "((one) => [one.width, one.height, Array.from(one.data).join('')])(state.doc[argument])", layer
    )
    return (np.frombuffer(data.encode(), np.uint8) == ord("1")).reshape(height, width)


def shown(page):
    """Of each pixel of the photo that is in sight, whether the overlay is painted over its centre; else -1."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    drawn = """(({ left, top, scale, overlay }) => {
      const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
      return Array.from({ length: view.height }, (_, row) => Array.from({ length: view.width }, (_, column) => {
        const [x, y] = [Math.floor(left + (column + 0.5) * scale), Math.floor(top + (row + 0.5) * scale)];
        if (x < 0 || y < 0 || x >= overlay.width || y >= overlay.height) return -1;
        return data[4 * (y * overlay.width + x) + 3] > 0 ? 1 : 0;
      }));
    })(view)"""
    return np.array(look(page, drawn))


def capsule(size, a, b, radius):
    """The pixels whose centres are within a radius of a segment, and those that its ends lie in."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    (ax, ay), (bx, by) = a, b
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = np.clip(((columns - ax) * (bx - ax) + (rows - ay) * (by - ay)) / (length or 1), 0, 1)
    found = np.hypot(columns - ax - along * (bx - ax), rows - ay - along * (by - ay)) <= radius
    for x, y in (a, b):
        if 0 <= x < size[1] and 0 <= y < size[0]:
            found[int(y), int(x)] = True
    return found


def run(page):
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("status").filter(has_text="Done in").wait_for()


def download(page, click=None):
    with page.expect_download() as info:
        if click is None:
            page.keyboard.press("Control+s")
        else:
            page.locator(click).click()
    path = pathlib.Path(info.value.path())
    return info.value.suggested_filename, path.read_bytes()


@pytest.mark.parametrize(
    "zoom, ratio, name", [(1, 1, "deep.png"), (1, 2, "phone.jpg"), (3.7, 1, "phone.jpg"), (3.7, 2, "deep.png")]
)
def test_pixels_that_changed_are_the_masks(browser, server, zoom, ratio, name):
    data = {"deep.png": file_of(picture(dtype=np.uint16), name), "phone.jpg": phone_jpeg()}[name]
    page = browser(photo=(name, data), device_scale_factor=ratio, settings={"format": "png"})
    look(page, "view.zoomTo(argument)", zoom)
    brush(page, 7)
    lines = [((20.3, 20.7), (45.2, 31.9)), ((60.5, 40.5), (70.25, 12.75))]
    for a, b in lines:
        drag(page, a, b, steps=1)
    expected = np.any([capsule((64, 88), a, b, 3.5) for a, b in lines], axis=0)
    mask = marked(page)
    # Pointers have whole and sixty-fourth pixels: what is within that of the rim may differ, and nothing else.
    near = np.any([capsule((64, 88), a, b, 3.6) ^ capsule((64, 88), a, b, 3.4) for a, b in lines], axis=0)
    assert mask.sum() > 300 and (mask == expected)[~near].all()
    seen = shown(page)
    assert (seen == mask)[seen >= 0].all() and (seen >= 0).mean() > 0.7
    if page.locator("#panel").is_hidden():
        page.keyboard.press(",")
    saved = download(page, "#mask-down")
    assert saved[0] == f"{name.split('.')[0]}_mask.png"
    assert ((decode_photo(saved[1], "mask").array[..., 0] > 0) == mask).all()

    run(page)
    assert not marked(page).any()
    completed_name, completed = download(page)
    assert completed_name == f"{name.split('.')[0]}_completed.png"
    before, after = decode_photo(data, name).array, decode_photo(completed, completed_name).array
    assert before.dtype == after.dtype
    assert ((before != after).any(axis=-1) == mask).all()


def test_tools_and_one_history(browser):
    page = browser(photo=PNG)
    brush(page, 9)
    states = [marked(page)]

    def did(change):
        change()
        states.append(marked(page))
        assert (states[-1] != states[-2]).any()

    did(lambda: drag(page, (20, 20), (60, 20)))
    did(lambda: drag(page, (20, 40), (60, 40)))
    did(lambda: drag(page, (40, 10), (40, 50), button="right"))  # Erases.
    assert not states[-1][15:46, 40].any() and states[-1][20, 30] and states[-1][40, 50]
    tool(page, "Eraser")
    did(lambda: drag(page, (25, 20), (25, 21)))
    assert not states[-1][20, 25]
    tool(page, "Rectangle")
    did(lambda: drag(page, (70.5, 5.5), (80.5, 15.5)))
    assert states[-1][5:16, 70:81].all() and not (states[-1] & ~states[-2])[:, :70].any() and not states[-1][4, 70:81].any()
    tool(page, "Lasso")
    did(lambda: drag(page, (5, 48), (25, 48), (25, 60), (5, 60), steps=1))
    assert states[-1][49:59, 6:24].all() and not states[-1][47, 5:25].any()
    tool(page, "Straight line")
    did(lambda: drag(page, (50, 55), (80, 62)))
    assert (states[-1] == (states[-2] | capsule((64, 88), (50, 55), (80, 62), 4.5)))[states[-1] != states[-2]].all()
    tool(page, "Brush")
    page.mouse.click(*at(page, 84, 30))
    states.append(marked(page))
    page.keyboard.down("Shift")
    did(lambda: page.mouse.click(*at(page, 84, 50)))  # A line from the point before.
    page.keyboard.up("Shift")
    assert states[-1][30:50, 84].all()
    for key in ("g", "Shift+G", "x", "Delete"):
        did(lambda key=key: page.keyboard.press(key))
    assert (states[-3] <= states[-4]).all() and (states[-2] == ~states[-3]).all() and not states[-1].any()

    for state in states[-2::-1]:
        page.keyboard.press("Control+z")
        assert (marked(page) == state).all()
    assert page.locator("#undo").is_disabled()
    for state in states[1:]:
        page.keyboard.press("Control+Shift+Z")
        assert (marked(page) == state).all()
    assert page.locator("#redo").is_disabled()


def test_growing_is_the_commands(browser, server):
    page = browser(photo=PNG)
    tool(page, "Rectangle")
    drag(page, (30.5, 0.5), (50.5, 20.5))
    drag(page, (80.5, 50.5), (87.5, 60.5))
    before = marked(page)
    look(page, "growBy(5)")
    assert (marked(page) == grown(before, 5)).all()
    look(page, "growBy(-7)")
    assert (marked(page) == grown(grown(before, 5), -7)).all()


def test_results_are_steps_of_the_history_and_are_compared(browser, server):
    page = browser(photo=PNG, settings={"auto": True})
    brush(page, 15)
    shot = lambda: np.asarray(decode_photo(page.locator("#stage").screenshot(), "shot").array, int)[80:500, 100:800]  # noqa: E731
    page.mouse.move(5, 300)
    original = shot()
    drag(page, (30, 30), (55, 30))  # Runs when it is let go.
    page.get_by_role("status").filter(has_text="Done in").wait_for()
    page.mouse.move(5, 300)
    first = download(page)[1]
    completed = shot()
    assert (completed != original).any()

    page.keyboard.down("Tab")
    page.locator("#chip").filter(has_text="Original").wait_for()
    page.wait_for_timeout(60)
    held = shot()
    page.keyboard.up("Tab")
    page.wait_for_timeout(60)
    assert (held == original).mean() > 0.98 and (shot() == completed).all()  # The chip lies over some of it.

    page.keyboard.press("c")
    handle = page.get_by_role("slider", name="Where the original ends")
    handle.focus()
    page.keyboard.press("End")
    assert look(page, "view.original") == 1
    page.keyboard.press("Home")
    assert look(page, "view.original") == 0
    page.locator("#overlay").focus()
    page.keyboard.press("c")

    drag(page, (30, 50), (55, 50))
    wait_for(page, "state.doc.patches.length === 2")
    second = download(page)[1]
    assert second != first
    page.keyboard.press("Control+z")
    assert marked(page)[50, 40] and download(page)[1] == first
    page.keyboard.press("Control+Shift+Z")
    assert not marked(page).any() and download(page)[1] == second
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("status").filter(has_text="Done in").wait_for()
    assert download(page)[1] == second
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert not marked(page).any() and page.locator("#download").is_disabled()


def test_the_object_under_a_click_and_in_a_box(browser):
    array = np.full([200, 260, 3], (40, 120, 60), np.uint8) + np.random.default_rng(0).integers(0, 12, [200, 260, 1], np.uint8)
    rows, columns = np.mgrid[:200, :260]
    disc = (rows - 90) ** 2 + (columns - 120) ** 2 < 35**2
    array[disc] = (220, 60, 50)
    page = browser(photo=("disc.png", file_of(array, "disc.png")))
    tool(page, "Find the object")

    def found():
        wait_for(page, "!document.querySelector('#undo').disabled")
        mask = marked(page)
        return (mask & disc).sum() / (mask | disc).sum()

    page.mouse.click(*at(page, 120, 90))
    assert found() > 0.95
    page.keyboard.press("Control+z")
    drag(page, (75, 45), (165, 135))
    assert found() > 0.95
    page.mouse.move(*at(page, 100, 90))
    drag(page, (200, 150), (201, 151))
    drag(page, (200, 150), (206, 151))
    page.get_by_role("alert").filter(has_text="The box is too small").wait_for()


def test_a_sketch_steers_guided_weights(browser, server):
    page = browser(photo=PNG)
    page.get_by_role("button", name="Sketch lines").click()
    assert page.locator("#model").input_value() == "generator_guided"
    page.keyboard.press("b")
    brush(page, 20)
    drag(page, (30, 30), (55, 30))
    run(page)
    plain = download(page)[1]
    page.keyboard.press("Control+z")
    page.keyboard.press("s")
    drag(page, (30, 25), (55, 35))
    assert marked(page, "sketch").sum() > 20 and marked(page)[30, 40]
    run(page)
    assert download(page)[1] != plain and not marked(page, "sketch").any()
    page.keyboard.press("Control+z")
    assert marked(page, "sketch").any()
    page.keyboard.press("Control+z")
    assert not marked(page, "sketch").any() and marked(page).any()
    page.keyboard.press(",")
    page.get_by_role("button", name="Edges of the photo").click()
    wait_for(page, "!state.doc.sketch.isEmpty()")


def test_masks_of_other_programs(browser):
    page = browser(photo=PNG)
    page.set_input_files("#mask-file", {"name": "m.png", "mimeType": "image/png", "buffer": file_of(hole(), "m.png")})
    wait_for(page, "!document.querySelector('#run').disabled")
    assert (marked(page) == (hole()[..., 0] > 0)).all()
    page.set_input_files("#mask-file", {"name": "m.png", "mimeType": "image/png", "buffer": file_of(hole(32, 32), "m.png")})
    page.get_by_role("alert").filter(has_text="The mask m.png is 32x32 pixels, not 88x64").wait_for()


def test_drop_paste_and_what_is_no_photo(browser):
    page = browser()
    put = """([bytes, name, kind]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
      const target = document.querySelector("#stage");
      if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
      else {
        for (const type of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true }));
      }
    }"""
    page.evaluate(put, [list(b"words"), "words.png", "drop"])
    page.get_by_role("alert").filter(has_text="words.png is not an image in a format that can be read here").wait_for()
    page.evaluate(put, [list(PNG[1]), "dropped.png", "drop"])
    page.locator("#photo-name").filter(has_text="dropped.png").wait_for()
    page.evaluate(put, [list(PNG[1]), "pasted.png", "paste"])
    page.locator("#photo-name").filter(has_text="pasted.png").wait_for()


def test_a_folder_as_a_strip(browser, tmp_path):
    for name in ("a2.png", "a10.png"):
        (tmp_path / name).write_bytes(PNG[1])
    with serving(source=tmp_path) as server:
        page = browser(at=server)
        page.locator("#photo-name").filter(has_text="a2.png").wait_for()
        assert [one.get_attribute("data-name") for one in page.locator("#strip button").all()] == ["a2.png", "a10.png"]
        brush(page, 9)
        drag(page, (20, 20), (60, 20))
        page.keyboard.press("ArrowRight")
        page.locator("#photo-name").filter(has_text="a10.png").wait_for()
        assert not marked(page).any()
        drag(page, (20, 50), (60, 50))
        run(page)
        page.keyboard.press("ArrowLeft")
        page.locator("#photo-name").filter(has_text="a2.png").wait_for()
        assert marked(page)[20, 40]
        run(page)
        assert page.locator("#strip button[data-done]").count() == 2
        page.keyboard.press(",")
        saved = []
        page.on("download", lambda download: saved.append(download))
        page.get_by_role("button", name="Save all").click()
        until(lambda: page.evaluate("1") and len(saved) == 2)
        files = {one.suggested_filename: pathlib.Path(one.path()).read_bytes() for one in saved}
        for name, row in (("a2_completed.png", 20), ("a10_completed.png", 50)):
            assert (decode_photo(files[name], name).array != picture()).any(axis=-1)[row, 40]


@pytest.fixture
def slow(monkeypatch):
    """Completions that take as long as one wishes: they end when the event is set."""
    go_on, begun = threading.Event(), threading.Event()
    real = completing.complete

    def complete(*arguments):
        begun.set()
        go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(completing, "complete", complete)
    yield begun, go_on
    go_on.set()


def test_cancel_and_a_tab_that_is_closed(browser, server, slow):
    begun, go_on = slow
    page = browser(photo=PNG)
    brush(page, 9)
    drag(page, (20, 20), (60, 20))
    page.keyboard.press("Shift+R")
    page.get_by_role("button", name="Cancel").wait_for()
    assert begun.wait(10)
    jobs = lambda: list(server.editor.worker._jobs.values())  # noqa: E731
    until(lambda: look(page, "Boolean(state.run && state.run.job)"))
    page.keyboard.press("Escape")
    page.get_by_role("status").filter(has_text="Cancelled.").wait_for()
    until(lambda: jobs()[-1].state == "cancelled")
    assert marked(page)[20, 40]
    page.keyboard.press("Shift+R")  # Waits for what still computes.
    until(lambda: jobs()[-1].state == "queued")
    until(lambda: look(page, "Boolean(state.run && state.run.job)"))
    page.close()
    until(lambda: jobs()[-1].state == "cancelled")
    go_on.set()


def test_painting_goes_on_during_a_run(browser, server, slow):
    begun, go_on = slow
    page = browser(photo=PNG, settings={"auto": True})
    brush(page, 9)
    drag(page, (20, 20), (60, 20))
    assert begun.wait(10)
    page.mouse.move(*at(page, 20, 50))
    page.mouse.down()
    page.mouse.move(*at(page, 60, 50), steps=3)
    go_on.set()
    wait_for(page, "state.run.isWaiting")
    page.mouse.up()
    wait_for(page, "state.doc.patches.length === 2")
    assert not marked(page).any()
    before, after = (decode_photo(data, "a").array for data in (PNG[1], download(page)[1]))
    changed = (before != after).any(axis=-1)
    assert changed[20, 40] and changed[50, 40] and not changed[35].any()


def test_a_server_that_is_killed_during_a_run_and_comes_back(browser, slow, monkeypatch):
    begun, go_on = slow
    monkeypatch.setattr("gated_inpaint.editor.server.LONGEST_END", 0.1)
    with contextlib.ExitStack() as stack:
        with serving() as first:
            port = urllib.parse.urlsplit(first.url).port
            page = browser(at=first, photo=PNG)
            brush(page, 9)
            go_on.set()
            drag(page, (20, 20), (60, 20))
            run(page)
            go_on.clear(), begun.clear()
            drag(page, (20, 50), (60, 50))
            page.keyboard.press("Shift+R")
            assert begun.wait(10)
        page.locator("#gone").wait_for()
        go_on.set()
        again = stack.enter_context(serving(port=port))
        page.locator("#gone").wait_for(state="hidden")
        wait_for(page, "state.doc.patches.length === 2")
        before, after = (decode_photo(data, "a").array for data in (PNG[1], download(page)[1]))
        changed = (before != after).any(axis=-1)
        assert changed[20, 40] and changed[50, 40] and not changed[35].any()
        assert ask(again, "GET", "/health").status == 200


def test_on_a_phone(browser):
    page = browser(photo=PNG, settings={"auto": True}, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for control in page.locator("button:visible, input:visible").all():
        box = control.bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= 390, control.evaluate("one => one.outerHTML")
    page.touchscreen.tap(*at(page, 40, 30))
    page.get_by_role("status").filter(has_text="Done in").wait_for()
    assert not page.locator("#download").is_disabled()


def test_keys_settings_and_themes_are_remembered(browser):
    page = browser(photo=PNG, color_scheme="light")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press(",")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Theme").select_option("dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.get_by_label("Format").select_option("png")
    page.reload()
    wait_for(page, "document.querySelector('#model').options.length > 0")
    assert page.evaluate(ground) == dark and page.locator("#format").input_value() == "png"


@pytest.mark.parametrize("scheme, window", [("light", (1000, 760)), ("dark", (390, 844))])
def test_accessibility_by_axe(browser, scheme, window):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def check(page):
        page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
        violations = axe.run(page).response["violations"]
        found = [
            (rule["id"], [node["html"] for node in rule["nodes"]])
            for rule in violations
            if rule["impact"] in ("serious", "critical")
        ]
        assert not found

    page = browser(color_scheme=scheme, viewport=dict(zip(("width", "height"), window)))
    if scheme == "light":
        check(page)
    open_photo(page, *PNG)
    brush(page, 9)
    drag(page, (20, 20), (60, 20))
    run(page)
    page.keyboard.press("c")
    if scheme == "light":
        check(page)
    page.keyboard.press(",")
    check(page)
    page.locator("#close-panel").click()
    page.keyboard.press("?")
    check(page)


def test_the_keyboard_reaches_every_control(browser):
    page = browser(photo=PNG)
    page.keyboard.press(",")
    page.locator("#open").focus()
    reached = set()
    for _ in range(60):
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.tool || ''"))
        page.keyboard.press("Tab")
    assert {"open", "settings", "brush", "magic", "model", "auto", "theme", "overlay", "size", "invert"} <= reached


def test_copy(browser):
    page = browser(photo=PNG, permissions=["clipboard-read", "clipboard-write"])
    brush(page, 15)
    drag(page, (30, 30), (55, 30))
    run(page)
    page.keyboard.press("Control+c")
    page.get_by_role("status").filter(has_text="Copied.").wait_for()
    read = """navigator.clipboard.read().then(([item]) => item.getType("image/png")).then((blob) => blob.arrayBuffer())
      .then((bytes) => Array.from(new Uint8Array(bytes)))"""
    copied, saved = (decode_photo(data, "copied").array for data in (bytes(page.evaluate(read)), download(page)[1]))
    assert (copied[..., :3] == saved).all()


def test_seconds_are_told_before_a_run(browser):
    page = browser(photo=PNG)
    brush(page, 15)
    drag(page, (30, 30), (55, 30))
    run(page)
    drag(page, (30, 50), (55, 50))
    page.get_by_role("status").filter(has_text=re.compile("About|Less than a second")).wait_for()
    page.keyboard.press("x")
    page.keyboard.press("Delete")
    page.keyboard.press("x")
    page.keyboard.press("Shift+R")
    page.get_by_role("alert").filter(has_text="The mask covers the whole photo").wait_for()


def test_views_of_what_the_network_saw(browser):
    page = browser(photo=PNG)
    brush(page, 15)
    drag(page, (30, 30), (55, 30))
    run(page)
    page.keyboard.press(",")
    page.get_by_role("button", name="Show", exact=True).click()
    for name in ("coarse", "refined", "attention", "mask"):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        wait_for(page, "view.other !== null")
        assert page.locator("#chip").inner_text() == name
        button.click()

    # Of a photo in pieces, each is shown where it belongs.
    page.get_by_label("Large holes").select_option("crop")
    page.get_by_label("Working size").fill("64")
    page.locator("#overlay").focus()
    drag(page, (60, 30), (75, 30))
    page.get_by_role("status").filter(has_text=re.compile("About|Less than a second, ")).filter(
        has_text="completed in 1 crop of 64 pixels."
    ).wait_for()
    run(page)
    page.get_by_role("status").filter(has_text="completed in 1 crop of 64 pixels.").wait_for()
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("button", name="coarse", exact=True).click()
    wait_for(page, "view.other !== null")
    assert look(page, "view.other.map(({ begin, end }) => [begin, end])") == [[[0, 24], [64, 88]]]


def test_a_page_of_another_origin_gets_nothing(chromium, server):
    """A page on a port of its own, which the browser shows beside ours."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title>")

        def log_message(self, *_):
            pass

    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        tried = """async (url) => {
          const image = new Image();
          const seen = new Promise((resolve) => {
            image.onload = () => resolve("seen");
            image.onerror = () => resolve("refused");
          });
          image.src = url + "page/icon.svg";
          const asked = await fetch(url + "api/v1/models").then(() => "read", () => "refused");
          const sent = await fetch(url + "api/v1/complete", { method: "POST", body: "x" }).then(() => "read", () => "refused");
          return [await seen, asked, sent];
        }"""
        assert page.evaluate(tried, server.url) == ["refused", "refused", "refused"]
    finally:
        context.close()
        other.shutdown()
        thread.join()
        other.server_close()
