"""Files of answers, as the page saves them, and the key: who answered what, on which method.

Anybody may have edited, cut or mixed up these files. What cannot be used is left out, and said.
"""

import json
import pathlib
from typing import NamedTuple, Optional

from gated_inpaint.errors import InputError
from gated_inpaint.study.make import ANSWERS_FORMAT, KEY_FORMAT

_KEY = {"study", "kind", "per_person", "pictures", "items"}


class Answer(NamedTuple):
    """One answer of one person."""

    person: str
    photo: str
    item: tuple  # The random names of the pictures shown, sorted.
    methods: tuple  # What made them, in this order.
    value: int  # The rating; or which of the two was chosen, 0 or 1.
    seconds: Optional[float]


class Answers(NamedTuple):
    """All that can be used."""

    rows: list
    notes: list  # One line on each file that is not whole.
    left_out: int  # Files and single answers that cannot be used.


def read_key(path):
    """The key of a study, as `make_study` wrote it: a dictionary.

    Raises:
      InputError: there is no key that can be used.
    """
    try:
        key = json.loads(pathlib.Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, dict) or key.get("format") != KEY_FORMAT or not _KEY <= set(key):
        raise InputError(f"{path} is not the key of a study; `make` wrote it beside the study's folder.")
    return key


def read_answers(paths, key):
    """Reads and joins files of answers.

    Arguments:
      paths: files, or folders of .json files.
      key: as from `read_key`.

    Returns `Answers`. Of several files of one person the fullest is used.

    Raises:
      InputError: a folder holds none, or no file can be used.
    """
    of_person, notes, left_out = {}, [], 0
    files = [file for path in paths for file in _files(path)]
    for path in files:
        try:
            person, rows, bad = _read(path, key)
        except InputError as error:
            notes.append(f"left out: {error}")
            left_out += 1
            continue
        if bad:
            notes.append(f"left out: {bad} answers in {path} that this study does not have.")
            left_out += bad
        known = of_person.get(person.casefold())
        if known:
            path, rows, other = (path, rows, known[0]) if len(rows) > len(known[1]) else (*known, path)
            notes.append(f"left out: {other}, also of {person}; if they are two people, change the name in one file.")
            left_out += 1
        of_person[person.casefold()] = path, rows
    if not any(rows for _, rows in of_person.values()):
        raise InputError(f"None of {len(files)} files of answers can be used: {'; '.join(notes[:5]) or 'they are empty'}")
    for path, rows in of_person.values():
        if len(rows) < key["per_person"]:
            notes.append(f"used: {path}, with {len(rows)} of {key['per_person']} answered.")
    return Answers([row for _, rows in of_person.values() for row in rows], notes, left_out)


def _files(path):
    path = pathlib.Path(path)
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InputError(f"The folder {path} holds no files of answers (.json).")
    return files


def _read(path, key):
    """(person, rows, number of bad answers) of a file."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: it is no JSON.") from error
    if not isinstance(content, dict) or content.get("format") != ANSWERS_FORMAT:
        raise InputError(f"{path} is no file of answers.")
    if content.get("study") != key["study"]:
        raise InputError(f"{path} is of another study, {_printable(str(content.get('study')))[:20]}, not {key['study']}.")
    person, answers = content.get("person"), content.get("answers")
    person = _printable(person) if isinstance(person, str) else ""
    if not person or not isinstance(answers, list):
        raise InputError(f"{path} is damaged: it has no {'answers' if person else 'person'}.")
    items = {tuple(item) for item in key["items"]}
    rows = {}
    for answer in answers:
        row = _row(answer, person, key, items)
        if row:
            rows.setdefault(row.item, row)
    return person, list(rows.values()), len(answers) - len(rows)


def _printable(text):
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _row(answer, person, key, items):
    """The `Answer`, or None if it is none to a question of this study."""
    if not isinstance(answer, dict) or not isinstance(answer.get("pictures"), list):
        return None
    pictures, value, seconds = answer["pictures"], answer.get("answer"), answer.get("seconds")
    if not all(isinstance(picture, str) for picture in pictures):
        return None
    item = tuple(sorted(pictures))
    if item not in items:
        return None
    if key["kind"] != "ratings":
        if value not in pictures:
            return None
        value = item.index(value)
    elif type(value) is not int or not 1 <= value <= 10:
        return None
    if type(seconds) not in (int, float) or not 0 <= seconds < 1e6:
        seconds = None
    shown = [key["pictures"][picture] for picture in item]
    return Answer(person, shown[0]["photo"], item, tuple(one["method"] for one in shown), value, seconds)
