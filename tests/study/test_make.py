"""What is handed out shows what it should, and betrays no method; the key knows."""

import json
import random
import re
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image
from study_folders import LEVELS, make, write_folders

from gated_inpaint.commands.main import main
from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.study.make import StudyOptions, make_study


def page_data(study):
    text = study.page.read_text()
    return json.loads(re.search('<script type="application/json" id="study">(.*?)</script>', text, re.S)[1])


def chunks(png):
    position = 8
    while position < len(png):
        length, name = struct.unpack(">I4s", png[position : position + 8])
        yield name
        position += 12 + length


def test_key_knows_what_each_picture_is(tmp_path):
    study = make(tmp_path, photos=3)
    key = json.loads(study.key.read_text())
    assert len(key["pictures"]) == study.questions == 3 * (len(LEVELS) + 1)
    for picture, truth in key["pictures"].items():
        folder = tmp_path / ("photos" if truth["method"] == "original" else truth["method"])
        shown = cv2.imread(str(study.page.parent / "pictures" / f"{picture}.png"))
        np.testing.assert_array_equal(shown, cv2.imread(str(folder / f"{truth['photo']}.png")))


def test_nothing_that_is_handed_out_betrays_a_method(tmp_path):
    methods, originals, _ = write_folders(tmp_path, 4, write_png)
    exif = Image.Exif()
    exif[0x010E] = "zebra_net made this"
    # Metadata, an alpha channel and 16 bits tell a method, too.
    for path in methods["zebra_net"].iterdir():
        Image.open(path).convert("RGBA").save(path, exif=exif, icc_profile=b"zebra_net")
    expected = {path.stem: read_photo(path).array for path in methods["quagga_net"].iterdir()}
    for path in methods["quagga_net"].iterdir():
        write_png(path, read_photo(path).array.astype(np.uint16) * 257)
    study = make_study(StudyOptions(tuple(f"{name}={path}" for name, path in methods.items()), tmp_path / "study", originals))

    handed_out = [path for path in study.page.parent.rglob("*") if path.is_file()]
    names = "|".join([*LEVELS, "original"]).encode()
    assert not any(re.search(names, path.read_bytes() + str(path.name).encode()) for path in handed_out)
    assert len({path.stat().st_mtime for path in handed_out}) == 1
    pictures = json.loads(study.key.read_text())["pictures"]
    sizes, kinds = {}, set()
    for picture, truth in pictures.items():
        png = (study.page.parent / "pictures" / f"{picture}.png").read_bytes()
        sizes.setdefault(truth["photo"], set()).add((len(png), cv2.imdecode(np.frombuffer(png, np.uint8), -1).shape))
        kinds.add(tuple(sorted(set(chunks(png)))))
        if truth["method"] == "quagga_net":
            shown = read_photo(study.page.parent / "pictures" / f"{picture}.png").array
            np.testing.assert_array_equal(shown, expected[truth["photo"]])
    assert all(len(of_photo) == 1 for of_photo in sizes.values())
    assert kinds == {(b"IDAT", b"IEND", b"IHDR", b"paDd")}


def test_order_in_the_page_betrays_no_method(tmp_path, monkeypatch):
    monkeypatch.setattr("gated_inpaint.study.make._random", random.Random(0))
    study = make(tmp_path, photos=40)
    key = json.loads(study.key.read_text())
    orders = [[key["pictures"][item[0]]["method"] for item in photo] for photo in page_data(study)["photos"]]
    firsts = [order[0] for order in orders]
    assert all(5 <= firsts.count(method) <= 15 for method in [*LEVELS, "original"])
    photos = [key["pictures"][photo[0][0]]["photo"] for photo in page_data(study)["photos"]]
    assert photos != sorted(photos)


def test_masks_leave_the_original_outside_the_hole(tmp_path):
    methods, originals, masks = write_folders(tmp_path, 1, write_png)
    write_png(methods["zebra_net"] / "0.png", np.full((80, 40, 3), 7, np.uint8))
    study = make_study(StudyOptions((f"zebra={methods['zebra_net']}",), tmp_path / "study", originals, masks))
    key = json.loads(study.key.read_text())["pictures"]
    (picture,) = (name for name, truth in key.items() if truth["method"] == "zebra")
    shown, photo = read_photo(study.page.parent / "pictures" / f"{picture}.png").array, read_photo(originals / "0.png").array
    hole = read_photo(masks / "0.png").array[..., 0] > 0
    assert (shown[hole] == 7).all()
    np.testing.assert_array_equal(shown[~hole], photo[~hole])


def test_real_pairs_never_show_a_picture_twice(tmp_path):
    study = make(tmp_path, photos=3, kind="real")
    shown = [picture for photo in page_data(study)["photos"] for item in photo for picture in item]
    assert len(shown) == len(set(shown)) == 2 * 3 * len(LEVELS)
    assert study.per_person == 3


def test_better_pairs_are_all_pairs_of_methods(tmp_path):
    study = make(tmp_path, photos=2, kind="better", embed=True)
    key = json.loads(study.key.read_text())
    pairs = [sorted(key["pictures"][picture]["method"] for picture in item) for item in key["items"]]
    expected = [["okapi_net", "quagga_net"], ["okapi_net", "zebra_net"], ["quagga_net", "zebra_net"]]
    assert sorted(pairs) == sorted(expected * 2)
    assert [path.name for path in study.page.parent.iterdir()] == ["index.html"]


def test_photos_that_a_folder_lacks_are_left_out(tmp_path, capsys):
    methods, originals, _ = write_folders(tmp_path, 3, write_png)
    (methods["zebra_net"] / "1.png").unlink()
    given = [
        "study",
        "make",
        f"--method=zebra={methods['zebra_net']}",
        f"--originals={originals}",
        f"--output={tmp_path / 'study'}",
    ]
    assert main(given) == 0
    said = capsys.readouterr()
    assert "1 of 3 photos are not in every folder and left out: 1." in said.err
    assert "4 questions on 2 photos" in said.out
    assert main(given) == 1  # Nobody overwrites a study that people answer.
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change,said",
    [
        (dict(methods=("zebra",)), "NAME=FOLDER"),
        (dict(methods=("a=zebra_net", "a=quagga_net")), "the name a is taken"),
        (dict(methods=("original=zebra_net",)), "the name original is taken"),
        (dict(methods=("a=nowhere",)), "nowhere"),
        (dict(kind="real", originals=None), "needs --originals"),
        (dict(kind="better"), "twice or more"),
        (dict(kind="real", per_person=3), "knows which one is real"),
        (dict(per_person=0), "1 or more"),
        (dict(methods=("a=small",)), "1 of 2 photos cannot be used: photos/1.png is 64x48 pixels, and small/1.png 9x9"),
        (dict(methods=("a=damaged",)), "1 of 2 photos cannot be used: damaged/0.png"),
        (dict(methods=("a=other",)), "No photo is in every one of 2 folders"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    write_folders(tmp_path, 2, write_png)
    for name in ("small", "damaged", "other"):
        (tmp_path / name).mkdir()
        for stem in (0, 1):
            (tmp_path / name / f"{stem}.png").write_bytes((tmp_path / "photos" / f"{stem}.png").read_bytes())
    write_png(tmp_path / "small" / "1.png", np.zeros((9, 9, 3), np.uint8))
    (tmp_path / "damaged" / "0.png").write_bytes((tmp_path / "photos" / "0.png").read_bytes()[:400])
    for stem in (0, 1):
        (tmp_path / "other" / f"{stem}.png").rename(tmp_path / "other" / f"x{stem}.png")
    options = dict(methods=("a=zebra_net",), originals="photos", output="study")
    with pytest.raises(InputError, match=re.escape(said)) as error:
        make_study(StudyOptions(**{**options, **change}))
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*study*"))


def test_no_tensorflow_is_needed():
    command = "import sys, gated_inpaint.commands.study; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command]).returncode == 0
