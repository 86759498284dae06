"""Makes a study: a folder to hand out, with a page and its pictures, and the key to their methods.

What is handed out betrays no method. Pictures have random names. All are encoded anew, alike, as
8-bit RGB PNG without metadata; colour profiles and alpha are dropped. All versions of a photo have
one size in pixels and in bytes. All files have the same time. The page knows which pictures are of
one photo, as anyone sees who looks at them, and draws the order for each person itself.
"""

import base64
import dataclasses
import itertools
import json
import os
import pathlib
import random
import shutil
import struct
import tempfile
import zlib
from typing import NamedTuple, Optional

import cv2
import numpy as np
import tqdm

from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import read_photo
from gated_inpaint.files.pairing import files_by_stem, named, refuse
from gated_inpaint.files.writing import write_whole

# What a person is asked and told, by kind of study.
KINDS = {
    "ratings": ("How natural does this picture look?", "A computer may have made a part of it."),
    "better": ("Which picture looks better?", "A computer made a part of each."),
    "real": ("Which picture is the untouched photo?", "A computer made a part of the other."),
}
ORIGINAL = "original"
KEY_FORMAT = "gated_inpaint.study key 1"
ANSWERS_FORMAT = "gated_inpaint.study answers 1"

_MASKS = "/masks"  # Beside the methods' names; none is so called.
_TIME = 946684800  # Of every file that is handed out: 2000-01-01.
_random = random.SystemRandom()


@dataclasses.dataclass(frozen=True)
class StudyOptions:
    """What a study is made of.

    Attributes:
      methods: "NAME=FOLDER" of completed pictures, one for each method.
      output: folder to write, which must be new.
      originals: folder of the original photos. Rated among the others (ratings), one of each pair
        (real), or not shown (better).
      masks: folder of masks; outside the hole every version then shows the original.
      kind: one of `KINDS`.
      per_person: how many questions a person is asked; None: all, or with "real" one a photo.
      title: heading of the page.
      embed: put the pictures into the page, instead of a folder beside it.
      key: file to write the key to; None: OUTPUT_key.json.
    """

    methods: tuple
    output: str
    originals: Optional[str] = None
    masks: Optional[str] = None
    kind: str = "ratings"
    per_person: Optional[int] = None
    title: str = "Picture study"
    embed: bool = False
    key: Optional[str] = None


class Study(NamedTuple):
    """What was made."""

    page: pathlib.Path
    key: pathlib.Path
    photos: int
    questions: int
    per_person: int
    notes: list  # Remarks of one line.


def make_study(options):
    """Writes the study; returns a `Study`.

    Raises:
      InputError: an option or a picture cannot be used, or what is to be written is there already.
    """
    folders = _folders(options)
    output = pathlib.Path(options.output)
    key_path = pathlib.Path(options.key) if options.key else output.with_name(f"{output.name}_key.json")
    for path in (output, key_path):
        if path.exists():
            raise InputError(f"{path} is there already: name another one, or delete it if nobody answers that study any more.")

    files = {name: files_by_stem(folder) for name, folder in folders.items()}
    stems = sorted(set.intersection(*map(set, files.values())))
    everywhere = sorted(set.union(*map(set, files.values())))
    if not stems:
        raise InputError(f"No photo is in every one of {len(files)} folders; files pair by stem, such as a.jpg and a.png.")
    incomplete = [stem for stem in everywhere if stem not in stems]
    notes = [f"{len(incomplete)} of {len(everywhere)} photos are not in every folder and left out: {named(incomplete)}."]

    layout = _layout(options.kind, list(_methods(options)), options.originals is not None)
    questions = len(stems) * len(layout.items)
    per_person = options.per_person or (len(stems) if options.kind == "real" else questions)
    if options.kind == "real" and per_person > len(stems):
        raise InputError(
            f"--per_person is {per_person}, and there are {len(stems)} photos: whoever sees a photo twice knows which one is real."
        )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished = pathlib.Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        try:
            page, key = _write_pictures(options, files, stems, layout, unfinished)
            question, introduction = KINDS[options.kind]
            page.update(title=options.title, question=question, introduction=introduction, per_person=min(per_person, questions))
            key.update(per_person=page["per_person"])
            _write(unfinished / "index.html", _page(page).encode())
            write_whole(key_path, (json.dumps(key, indent=1) + "\n").encode())
            unfinished.chmod(0o755)
            os.replace(unfinished, output)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise InputError(f"Cannot write {output}: {error.strerror}.") from error
    return Study(output / "index.html", key_path, len(stems), questions, page["per_person"], notes if incomplete else [])


class _Layout(NamedTuple):
    """Of each photo: what made each picture, and which of the pictures each question shows."""

    methods: list
    items: list


def _layout(kind, methods, with_originals):
    if kind == "better":
        return _Layout(methods, list(itertools.combinations(range(len(methods)), 2)))
    if kind == "real":  # A copy of the original for each pair: one file in all pairs would be known.
        return _Layout(methods + [ORIGINAL] * len(methods), [(i, i + len(methods)) for i in range(len(methods))])
    shown = methods + [ORIGINAL] * with_originals
    return _Layout(shown, [(i,) for i in range(len(shown))])


def _methods(options):
    """{name: folder} of the methods."""
    methods = {}
    for text in options.methods:
        name, equals, folder = text.partition("=")
        if not (equals and folder and name.isprintable() and name.strip() == name != "" and "/" not in name):
            raise InputError(f"--method is NAME=FOLDER, not {text}.")
        if name in methods or name == ORIGINAL:
            raise InputError(f"--method {text}: the name {name} is taken.")
        methods[name] = folder
    return methods


def _folders(options):
    """{what: folder} of all that the study is made of."""
    folders = _methods(options)
    if options.kind not in KINDS:
        raise InputError(f"--kind is one of {', '.join(KINDS)}, not {options.kind}.")
    if options.per_person is not None and options.per_person < 1:
        raise InputError(f"--per_person must be 1 or more, not {options.per_person}.")
    if options.kind == "better" and len(folders) < 2:
        raise InputError("--kind=better compares methods: give --method twice or more.")
    if options.originals:
        folders[ORIGINAL] = options.originals
    elif options.kind == "real" or options.masks:
        raise InputError(f"{'--masks' if options.masks else '--kind=real'} needs --originals.")
    if options.masks:
        folders[_MASKS] = options.masks
    return folders


def _write_pictures(options, files, stems, layout, folder):
    """Writes the pictures; returns what page and key tell of them, both as dictionaries."""
    study = f"{_random.getrandbits(32):08x}"
    ids = [f"{number:08x}" for number in _random.sample(range(2**32), len(stems) * len(layout.methods))]
    page = {"format": ANSWERS_FORMAT, "study": study, "kind": options.kind, "photos": [], "embedded": {}}
    key = {"format": KEY_FORMAT, "study": study, "kind": options.kind, "pictures": {}, "items": []}
    bad = []
    for stem in tqdm.tqdm(stems, unit="photo", disable=None):
        paths = {name: files[name][stem] for name in files}
        try:
            encoded = _padded([_png(picture) for picture in _versions(paths, layout.methods)])
        except InputError as error:
            bad.append(str(error).rstrip("."))
            continue
        of_photo = [ids.pop() for _ in layout.methods]
        for picture, method, data in sorted(zip(of_photo, layout.methods, encoded)):
            key["pictures"][picture] = {"photo": stem, "method": method}
            if options.embed:
                page["embedded"][picture] = f"data:image/png;base64,{base64.b64encode(data).decode()}"
            else:
                _write(folder / "pictures" / f"{picture}.png", data)
        page["photos"].append(sorted(sorted(of_photo[i] for i in item) for item in layout.items))
    refuse(bad, len(stems), "photos")
    page["photos"].sort()
    page["embedded"] = dict(sorted(page["embedded"].items()))
    key["pictures"] = dict(sorted(key["pictures"].items()))
    key["items"] = [item for of_photo in page["photos"] for item in of_photo]
    return page, key


def _versions(paths, methods):
    """What each method made of a photo: uint8 [height, width, 3], all of one size."""
    pictures = {name: _rgb(path) for name, path in paths.items() if name != _MASKS}
    shape = pictures[methods[0]].shape
    sizes = {name: picture.shape for name, picture in pictures.items()}
    if _MASKS in paths:
        from gated_inpaint.files.masks import read_mask  # Takes TensorFlow, which a study without masks does not.

        hole = read_mask(paths[_MASKS]).hole[..., np.newaxis]
        sizes[_MASKS] = hole.shape
    for name, size in sizes.items():
        if size[:2] != shape[:2]:
            raise InputError(f"{paths[name]} is {size[1]}x{size[0]} pixels, and {paths[methods[0]]} {shape[1]}x{shape[0]}.")
    if _MASKS in paths:
        pictures = {name: np.where(hole, picture, pictures[ORIGINAL]) for name, picture in pictures.items()}
    return [pictures[method] for method in methods]


def _rgb(path):
    array = read_photo(path).array
    if array.dtype == np.uint16:
        array = np.uint8((array.astype(np.uint32) + 128) // 257)
    return array[..., :3] if array.shape[-1] > 2 else np.repeat(array[..., :1], 3, axis=-1)


def _png(picture):
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def _padded(pngs):
    """The same of one length: smooth completions make smaller files.

    A private chunk of zeros stands before the last one, IEND.
    """
    longest, end = max(map(len, pngs)), 12

    def pad(png):
        body = b"paDd" + bytes(longest - len(png))
        return png[:-end] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + png[-end:]

    return [pad(png) for png in pngs]


def _page(study):
    template = pathlib.Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    before, after = template.split("STUDY_AS_JSON")
    return before + json.dumps(study, separators=(",", ":")).replace("<", "\\u003c") + after


def _write(path, data):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (_TIME, _TIME))
