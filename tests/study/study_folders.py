"""Folders that studies are made of, small, with methods that can be told by their pictures."""

import numpy as np

from gated_inpaint.study.make import StudyOptions, make_study

# What each method fills holes with; the photos are noise.
LEVELS = {"zebra_net": 60, "quagga_net": 120, "okapi_net": 180}


def write_folders(folder, photos, write):
    """Writes photos, masks and what each method made of them, by `write(path, array)`.

    Returns {method: folder}, the originals, the masks: paths.
    """
    rng = np.random.default_rng(0)
    for number in range(photos):
        height, width = (48, 64) if number % 2 else (80, 40)
        photo = rng.integers(0, 256, (height, width, 3), np.uint8)
        hole = np.zeros((height, width, 1), bool)
        hole[10:30, 10:30] = True
        _write(write, folder / "photos" / f"{number}.png", photo)
        _write(write, folder / "masks" / f"{number}.png", hole * np.uint8(255))
        for method, level in LEVELS.items():
            _write(write, folder / method / f"{number}.png", np.where(hole, np.uint8(level), photo))
    return {method: folder / method for method in LEVELS}, folder / "photos", folder / "masks"


def _write(write, path, array):
    path.parent.mkdir(exist_ok=True)
    write(path, array)


def make(folder, photos=10, kind="ratings", **options):
    """Makes a study in a folder; returns the `Study`."""
    from gated_inpaint.files.image_files import write_png

    methods, originals, _ = write_folders(folder, photos, write_png)
    methods = tuple(f"{name}={path}" for name, path in methods.items())
    return make_study(StudyOptions(methods, folder / "study", originals, kind=kind, **options))
