"""A folder of small numbered photos, one of them broken, to be shared among workers; and what has to become of it."""

import json
import pathlib

import numpy as np

from gated_inpaint import Inpainter
from gated_inpaint.files.image_files import read_photo, write_png

BROKEN = 5


def write_photos(names):
    """Writes photos/ and masks/ into the working directory."""
    rng, mask = np.random.default_rng(0), np.pad(np.full([16, 20, 1], 255, np.uint8), [[20, 28], [24, 20], [0, 0]])
    for folder in ("photos", "masks"):
        pathlib.Path(folder).mkdir()
    for name in names:
        write_png(f"photos/{name}", rng.integers(0, 256, [64, 64, 3], np.uint8))
        write_png(f"masks/{name}", mask)
    pathlib.Path("photos", names[BROKEN]).write_text("rubbish")


def check_completed(names, weights):
    """Each photo but the broken one is in out/ as one process completes it, and each has one line in report.jsonl."""
    lines = [json.loads(line) for line in pathlib.Path("report.jsonl").read_text().splitlines()]
    assert sorted(line["image"] for line in lines) == [f"photos/{name}" for name in names]
    assert [line["image"] for line in lines if line["status"] != "completed"] == [f"photos/{names[BROKEN]}"]
    inpainter = Inpainter(weights)
    for name in names[:BROKEN] + names[BROKEN + 1 :]:
        expected = inpainter(f"photos/{name}", f"masks/{name}")
        np.testing.assert_allclose(read_photo(f"out/{name}").array.astype(int), expected, atol=1)
