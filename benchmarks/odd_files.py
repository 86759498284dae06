"""Odd image files through the command: each is completed right, or refused in one line.

    pip download --no-binary :all: --no-deps pillow && tar xf pillow-*.tar.gz
    python benchmarks/odd_files.py pillow-*/Tests/images
    python benchmarks/odd_files.py --damaged 6000 pillow-*/Tests/images

Every file below the folders is completed, with a small hole in its middle, to a PNG, by one network in one process. Right is what
has the known pixels that Pillow shows, upright. With --damaged, that many copies of small files, with bytes changed, cut out or put
in, are read and written instead; right is then whatever does not fail. Wrong, and named, is: other pixels; an exception that is no
`InputError`, or whose message has more than one line; a line of a library on stderr; a file left over.
"""

import collections
import io
import os
import pathlib
import sys
import tempfile
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
from absl import app, flags
from PIL import Image, ImageCms, ImageOps

from gated_inpaint import Inpainter, InputError
from gated_inpaint.files.image_files import decode_photo, write_picture
from gated_inpaint.inference import files, photo_files
from gated_inpaint.inference.jobs import CompletionOptions

FLAGS = flags.FLAGS
flags.DEFINE_integer("damaged", 0, "Try that many damaged copies instead.")
flags.DEFINE_bool("reasons", False, "Print every refusal.")

LARGEST_DAMAGED = 100_000  # Bytes.


def main(argv):
    paths = sorted(path for folder in argv[1:] for path in pathlib.Path(folder).rglob("*") if path.is_file())
    counts = damaged_copies(paths, FLAGS.damaged) if FLAGS.damaged else whole_files(paths)
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    return 1 if any(outcome.startswith("WRONG") for outcome in counts) else 0


def whole_files(paths):
    inpainter = Inpainter()
    photo_files.Inpainter = lambda *arguments, **named: inpainter  # One for all.
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path in paths:
            shown, is_premultiplied = shown_by_pillow(path)
            height, width = (8, 8) if shown is None else shown.shape[:2]
            hole = np.zeros((height, width), np.uint8)
            hole[height // 2 : height // 2 + 4, width // 2 : width // 2 + 4] = 255
            Image.fromarray(hole).save(folder / "mask.png")
            job = CompletionOptions(path, folder / "mask.png", folder / "out.png")
            outcome = tried(lambda job=job: files.complete_files(job))
            if outcome is None:
                outcome = compared(shown, folder / "out.png", hole, is_premultiplied)
            (folder / "out.png").unlink(missing_ok=True)
            if sorted(os.listdir(folder)) != ["mask.png"]:
                outcome = "WRONG: leaves a file"
            if outcome.startswith("WRONG"):
                print(f"{path}: {outcome}")
            counts[outcome] += 1
    return counts


def damaged_copies(paths, copies):
    rng, counts = np.random.default_rng(0), collections.Counter()
    small = [path for path in paths if 0 < path.stat().st_size <= LARGEST_DAMAGED and is_read(path)]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(copies):
            path = small[number % len(small)]
            data, suffix = damaged(path.read_bytes(), rng), rng.choice([".png", ".jpg", ".webp", ".tif"])

            def read_and_write(data=data, path=path, suffix=suffix):
                photo = decode_photo(data, path)
                write_picture(pathlib.Path(folder) / f"out{suffix}", photo.array, photo)

            outcome = tried(read_and_write) or "read"
            if set(os.listdir(folder)) - {"out.png", "out.jpg", "out.webp", "out.tif"}:
                outcome = "WRONG: leaves a file"
            if outcome.startswith("WRONG"):
                print(f"{path}, copy {number}: {outcome}")
            counts[outcome] += 1
    return counts


def tried(function):
    """What went wrong, "refused", or None."""
    with tempfile.TemporaryFile() as lines:
        stderr = os.dup(2)
        sys.stderr.flush()
        os.dup2(lines.fileno(), 2)
        try:
            function()
            outcome = None
        except InputError as error:
            outcome = "refused" if "\n" not in str(error) else "WRONG: a refusal of several lines"
            if FLAGS.reasons:
                print(error)
        except Exception as error:
            outcome = f"WRONG: {type(error).__name__}: {error}"
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
        lines.seek(0)
        said = [line for line in lines.read().decode(errors="replace").splitlines() if not line.startswith(("note: ", "warning: "))]
    return f"WRONG: on stderr: {said[0]}" if said else outcome


def shown_by_pillow(path):
    """The upright picture as Pillow converts it, RGBA in [0, 255], or None; and whether it is a premultiplied TIFF."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path)
            image.load()
            if image.format == "TIFF" and image.mode == "I;16" and image.tag_v2[258][0] < 16:  # Pillow spreads no levels.
                return comparable(image) * (65535 / (2 ** image.tag_v2[258][0] - 1)), False
            is_premultiplied = image.format == "TIFF" and 1 in np.atleast_1d(image.tag_v2.get(338, 0))
            image = ImageOps.exif_transpose(image)
            if image.mode == "CMYK" and (image.info.get("icc_profile") or b"")[16:20] == b"CMYK":
                profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
                image = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return comparable(image), is_premultiplied
    except Exception:
        return None, False


def comparable(image):
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.float64)[..., np.newaxis] * np.ones(4) / 257
    return np.asarray(image.convert("RGBA")).astype(np.float64)


def compared(shown, output, hole, is_premultiplied):
    if shown is None:
        return "read, though Pillow does not"
    completed = comparable(Image.open(output))
    if completed.shape != shown.shape:
        return f"WRONG: {completed.shape[1::-1]} pixels, not {shown.shape[1::-1]}"
    # Premultiplied colours are divided by alpha here in 16 bits, and by Pillow in 8, where both numbers have lost up to one.
    steps = np.maximum(2 * 255 / np.maximum(shown[..., 3:], 1), 1) if is_premultiplied else 1
    difference = (np.abs(completed - shown)[..., :3] / steps)[(hole == 0) & ((shown[..., 3] > 0) | (completed[..., 3] > 0))]
    return "right" if difference.max(initial=0) <= 1 else f"WRONG: known pixels differ by up to {difference.max():.0f} levels"


def is_read(path):
    try:
        decode_photo(path.read_bytes(), path)
    except InputError:
        return False
    return True


def damaged(data, rng):
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        place, length = rng.integers(len(data)), int(rng.integers(1, 9))
        kind = rng.integers(5)
        if kind < 2:  # Most often in what comes first, where it is said what follows.
            place = place % min(len(data), 400)
        if kind == 3:
            del data[place : place + length]
        elif kind == 4 and rng.integers(4) == 0:
            del data[place:]
        else:
            data[place : place + length] = rng.integers(0, 256, length, np.uint8).tobytes()
        if not data:
            return b"?"
    return bytes(data)


if __name__ == "__main__":
    app.run(main)
