"""The rows of an evaluation, one for each case and method, in files that a killed evaluation goes on from:

  options.json   all that the rows follow from
  rows.csv       a line a row, written when the row is done; the first line names the columns. A method that refuses a case has no
                 numbers there: empty cells

A line is complete or, if it was being written when the process was killed, without an end: it is then cut off.
"""

import csv
import io
import json
import math
import os

from gated_inpaint.errors import InputError

LABELS = ("photo", "masks", "method")  # The columns that tell rows apart; all others are numbers.


class Rows:
    """The rows of a folder. To be used in a `with` statement, which closes the file.

    Arguments:
      folder: pathlib.Path; made if need be.
      settings: {name: value}, JSON: what the rows follow from.
      labels: (photo, masks, method) of every row that there will be.
      columns: names of the numbers in a row.
      resume: go on with the rows that are there, if any. Otherwise those of a finished evaluation are replaced.
      results: names of the files that are made of the rows; they are removed. The last one is written when all is done.

    Raises:
      InputError: rows that are there are of other settings, or unfinished and not to be gone on with; or they cannot be read, or
        the folder not written.
    """

    def __init__(self, folder, settings, labels, columns, resume, results):
        self.rows = []
        self._columns = (*LABELS, *columns)
        self._path, saved = folder / "rows.csv", folder / "options.json"
        settings = json.loads(json.dumps(settings))  # As they will be read.
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if resume and self._path.exists():
                _check_same(folder, _read_settings(saved), settings)
                self._read(set(labels))
            elif self._path.exists() and not (folder / results[-1]).exists():
                raise InputError(
                    f"{folder} holds an unfinished evaluation: --resume goes on with it. To start anew, delete {self._path}."
                )
            else:
                self._path.unlink(missing_ok=True)
                saved.write_text(json.dumps(settings, indent=2) + "\n")
            for name in results:
                (folder / name).unlink(missing_ok=True)
            self._file = open(self._path, "a", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"Cannot write {error.filename or folder}: {error.strerror}.") from error
        self._had = {tuple(row[column] for column in LABELS) for row in self.rows}
        if not self._file.tell():
            self._write(self._columns)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._file.close()

    def __len__(self):
        return len(self.rows)

    def had(self, photo, masks, method):
        """Whether the row was there from the beginning."""
        return (photo, masks, method) in self._had

    def append(self, row):
        """Adds a row, {column: value or None}, and writes it."""
        self.rows.append(row)
        self._write([row[column] for column in self._columns])

    def _write(self, values):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(values)  # Numbers as `repr`: they are read back as they were.
        try:
            self._file.write(line.getvalue())
            self._file.flush()
        except OSError as error:
            raise InputError(f"Cannot write {self._path}: {error.strerror}.") from error

    def _read(self, expected):
        data = self._path.read_bytes()
        complete = data[: data.rfind(b"\n") + 1]
        if complete != data:
            os.truncate(self._path, len(complete))
        lines = list(csv.reader(io.StringIO(complete.decode(errors="replace"), newline="")))
        if lines and tuple(lines[0]) != self._columns:
            raise InputError(f"{self._path} has the columns {','.join(lines[0])}, and this evaluation {','.join(self._columns)}.")
        for number, line in enumerate(lines[1:], start=2):
            try:
                labels, numbers = line[: len(LABELS)], [float(value) if value else None for value in line[len(LABELS) :]]
            except ValueError:
                numbers = []
            if (
                len(LABELS) + len(numbers) != len(self._columns)
                or any(number is not None and math.isnan(number) for number in numbers)
                or tuple(labels) not in expected
            ):
                raise InputError(
                    f"{self._path}, line {number}, is no row of this evaluation, or there twice: delete the file to start anew."
                )
            expected.remove(tuple(labels))
            self.rows.append(dict(zip(self._columns, [*labels, *numbers])))


def _read_settings(path):
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"{path}, which says what the rows beside it follow from, cannot be read: {error}") from error


def _check_same(folder, before, now):
    differences = [
        f"{name} was {before.get(name)!r} and is now {now.get(name)!r}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    if differences:
        raise InputError(f"{folder} holds an evaluation with other options: {'; '.join(differences)}. Name another --output.")
