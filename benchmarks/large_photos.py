"""Eleven photos of 0.1 to 24 megapixels, each completed by one command with its defaults: seconds, memory, and what was chosen.

    python benchmarks/large_photos.py --photos=FOLDER --output=FOLDER [--sheet=sheet.jpg] [--strategies=auto,original,crop]

Objects, wires, watermarks and scratches are marked by code, in shares of the photo's sides. The photos are not part of this
project; the folder has to hold those that are named below:

  chelsea.png, coffee.png           of the package scikit-image (CC0)
  china.jpg                         of the package scikit-learn (CC BY 2.0, danielbuechele)
  all others                        of Debian's lomiri-wallpapers-16.04 and -20.04 (CC0, CC BY 4.0, CC BY-SA 3.0 and 4.0)

No photo among these has 24 megapixels: the dragonfly is enlarged to that. Each row is a process of its own, started as a person
would: its time is that of the whole command, its memory the peak that was resident, TensorFlow and all. The load is the machine's
in the minute before: above 0 others worked on it, and seconds are more than they would be alone. CPU seconds are the command's own.
"""

import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from typing import Callable, NamedTuple

import cv2
import numpy as np
from absl import app, flags
from drawn_holes import scratches

FLAGS = flags.FLAGS
flags.DEFINE_string("photos", None, "Folder of the photos.", required=True)
flags.DEFINE_string("output", None, "Folder for photos, masks and what was made of them.", required=True)
flags.DEFINE_list("strategies", ["auto"], "Those to complete with. auto is what the command does by itself, without any flag.")
flags.DEFINE_list("only", [], "Names of the photos to complete; none: all.")
flags.DEFINE_float("most_seconds", 600, "What takes longer is stopped.")
flags.DEFINE_string("sheet", None, "A JPEG of holes and results, side by side; for that all have to be completed, now or before.")
flags.DEFINE_string("sheet_strategy", "auto", "Whose results the sheet shows.")

ENTRY = pathlib.Path(__file__).parent.parent / "test_main.py"
CELL, GAP, COLUMNS = (330, 220), 4, 2  # Of the sheet, in pixels; a column is a hole and its result.


class Photo(NamedTuple):
    name: str
    file: str
    hole: Callable  # Of height and width: uint8 [height, width].
    view: tuple = (0, 0, 1, 1)  # What the sheet shows: left, top, right, bottom, in shares.
    megapixels: float = 0  # Enlarged to these.


def ellipse(x, y, half_width, half_height):
    def hole(height, width):
        mask, centre = np.zeros((height, width), np.uint8), (round(x * width), round(y * height))
        return cv2.ellipse(mask, centre, (round(half_width * width), round(half_height * height)), 0, 0, 360, 255, -1)

    return hole


def outline(*points):
    def hole(height, width):
        corners = np.int32(np.round(np.array(points) * [width, height]))
        return cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 255)

    return hole


def wires(*ends, thickness):
    def hole(height, width):
        mask = np.zeros((height, width), np.uint8)
        for begin, end in ends:
            points = [tuple(map(int, np.round(np.array(point) * [width, height]))) for point in (begin, end)]
            cv2.line(mask, *points, 255, round(thickness * width))
        return mask

    return hole


def watermark(height, width):
    """Words across the photo, three times."""
    mask, scale = np.zeros((height, width), np.uint8), width / 640
    for row in (0.25, 0.55, 0.85):
        place = round(0.06 * width), round(row * height)
        cv2.putText(mask, "STOCK PHOTO 0123", place, cv2.FONT_HERSHEY_SIMPLEX, 1.9 * scale, 255, max(round(5 * scale), 3))
    return mask


def scratches_all_over(height, width):
    """The more and the wider, the larger the scan."""
    mask, scale = np.zeros((height, width), np.uint8), math.sqrt(height * width / 1e6)
    for seed in range(math.ceil(2 * scale)):
        mask |= scratches(np.random.default_rng(seed), height, width)
    return cv2.dilate(mask, np.ones(2 * [round(1 + 2 * scale)], np.uint8))


PHOTOS = (
    Photo("cat", "chelsea.png", scratches_all_over),
    Photo("spoon", "coffee.png", ellipse(0.605, 0.7, 0.08, 0.13)),
    Photo("temple", "china.jpg", watermark),
    Photo("fig", "Picture_0B_by_freespace.jpg", ellipse(0.555, 0.54, 0.16, 0.21)),
    Photo("dog", "friends_by_Aitzol_Berasategi.jpg", ellipse(0.565, 0.55, 0.13, 0.13), (0.1, 0.35, 1, 0.75)),
    Photo("stream", "life_by_Aitzol_Berasategi.jpg", scratches_all_over, (0.3, 0.3, 0.6, 0.6)),
    Photo("mountains", "picosdeeuropa_by_Aitzol_Berasategi.jpg", watermark),
    Photo(
        "bridge",
        "Bridge_by_Sander_Klootwijk.jpg",
        wires(((0, 0.442), (0.53, -0.025)), ((0.23, 1.02), (1, 0.287)), thickness=0.018),
    ),
    Photo("table", "sunset_by_Aitzol_Berasategi.jpg", ellipse(0.765, 0.72, 0.15, 0.11), (0.4, 0.4, 1, 1)),
    Photo(
        "bird",
        "Kleiber_by_Lukas_Baubkus.jpg",
        outline((0.4, 0.32), (0.44, 0.36), (0.49, 0.5), (0.55, 0.62), (0.55, 0.66), (0.43, 0.68), (0.395, 0.6)),
        (0.15, 0.1, 0.85, 0.9),
    ),
    Photo("dragonfly", "Dragonfly_by_Bolly.jpg", ellipse(0.6, 0.41, 0.205, 0.115), (0.25, 0.1, 0.95, 0.75), 24),
)


def main(_):
    folder = pathlib.Path(FLAGS.output)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [photo for photo in PHOTOS if photo.name in FLAGS.only or not FLAGS.only]
    print(
        "| photo | pixels | hole | strategy | seconds | CPU seconds | GB | load | what was done |\n" + "|---" * 9 + "|", flush=True
    )
    for photo in chosen:
        image, mask = prepared(photo, folder)
        size, share = f"{image.shape[1]}x{image.shape[0]}", f"{100 * np.mean(mask > 0):.1f}%"
        for strategy in FLAGS.strategies:
            output = folder / f"{photo.name}_{strategy}.png"
            seconds, used, memory, load, said = measured(
                folder / f"{photo.name}.png", folder / f"{photo.name}_mask.png", output, strategy
            )
            if seconds < math.inf and (cv2.imread(str(output))[mask == 0] != image[mask == 0]).any():
                said += " Known pixels changed."
            figures = f"{seconds:.0f} | {used:.0f} | {memory:.1f} | {load:.1f}"
            print(f"| {photo.name} | {size} | {share} | {strategy} | {figures} | {said} |", flush=True)
    if FLAGS.sheet:
        write_sheet(folder, pathlib.Path(FLAGS.sheet))


def prepared(photo, folder):
    """Writes photo and mask, and returns them, RGB and one channel."""
    image = cv2.imread(str(pathlib.Path(FLAGS.photos) / photo.file))
    if image is None:
        sys.exit(f"{FLAGS.photos} has no photo {photo.file}: see the head of {__file__}.")
    if photo.megapixels:
        scale = math.sqrt(photo.megapixels * 1e6 / image[..., 0].size)
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    mask = photo.hole(*image.shape[:2])
    cv2.imwrite(str(folder / f"{photo.name}.png"), image)
    cv2.imwrite(str(folder / f"{photo.name}_mask.png"), mask)
    return image, mask


def measured(image, mask, output, strategy):
    """Runs the command; returns seconds, CPU seconds, GB, load, and what it said. Seconds are infinite where it failed."""
    chosen = [] if strategy == "auto" else [f"--hd_strategy={strategy}"]
    command = [sys.executable, ENTRY, f"--image={image}", f"--mask={mask}", f"--output={output}", *chosen]
    load, begin = os.getloadavg()[0], time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
            if time.perf_counter() - begin > FLAGS.most_seconds:
                child.send_signal(signal.SIGKILL)
            time.sleep(0.02)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(ended[1])
        said.seek(0)
        notes = [line.strip() for line in said if line.startswith(("note: completed", "error"))]
    if child.returncode:
        seconds, notes = math.inf, [f"not completed in {seconds:.0f} s (exit status {child.returncode})", *notes]
    used = ended[2]
    return (
        seconds,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * 1024 / 1e9,
        load,
        " ".join(notes).replace("note: ", "") or "completed as it is.",
    )


def write_sheet(folder, path):
    """Holes in red on the left of each column, results on the right."""
    width, height = CELL
    rows = math.ceil(len(PHOTOS) / COLUMNS)
    sheet = np.full((rows * (height + GAP) - GAP, 2 * COLUMNS * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, photo in enumerate(PHOTOS):
        image, mask, made = (
            cv2.imread(str(folder / f"{photo.name}{end}.png")) for end in ("", "_mask", f"_{FLAGS.sheet_strategy}")
        )
        image[mask[..., 0] > 0] = 0, 0, 255
        for side, picture in enumerate((image, made)):
            row, column = number // COLUMNS, 2 * (number % COLUMNS) + side
            top, left = row * (height + GAP), column * (width + GAP)
            sheet[top : top + height, left : left + width] = shown(picture, photo.view)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 80])


def shown(picture, view):
    """What a sheet shows of a picture, of a cell's shape: the view, made smaller, and cut at top and bottom or left and right."""
    height, width = picture.shape[:2]
    left, top, right, bottom = (round(share * side) for share, side in zip(view, 2 * (width, height)))
    picture = picture[top:bottom, left:right]
    height, width = picture.shape[:2]
    scale = max(CELL[0] / width, CELL[1] / height)
    size = max(round(scale * width), CELL[0]), max(round(scale * height), CELL[1])
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (size[1] - CELL[1]) // 2, (size[0] - CELL[0]) // 2
    return picture[top : top + CELL[1], left : left + CELL[0]]


if __name__ == "__main__":
    app.run(main)
