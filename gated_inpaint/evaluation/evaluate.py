"""Evaluates methods on photos, and writes what came out into a folder:

  table.md       the table, how it was made, and the paper's published figures
  results.json   the same numbers
  rows.csv       a row for each photo, kind of masks and method
  options.json   what the rows follow from
  sheet.png      some photos as completed by every method, side by side
  pictures/      those pictures, or all; see `pictures`. It is not cleared: pictures of earlier methods stay there.

Rows are written as they are done; results.json is written last.
"""

import dataclasses
import os
import pathlib

import numpy as np
import tensorflow as tf
import tqdm

from gated_inpaint.errors import InputError
from gated_inpaint.evaluation import tables
from gated_inpaint.evaluation.methods import make_methods
from gated_inpaint.evaluation.options import EvaluationOptions
from gated_inpaint.evaluation.perceptual import Features, FidFeatures, Lpips, frechet_distance
from gated_inpaint.evaluation.pictures import Pictures
from gated_inpaint.evaluation.protocol import Key, Protocol
from gated_inpaint.evaluation.rows import Rows
from gated_inpaint.evaluation.sheet import draw_sheet
from gated_inpaint.files.image_files import write_png
from gated_inpaint.files.writing import write_whole
from gated_inpaint.metrics import names_at, picture_metrics, total_variation

_RESULTS = ("sheet.png", "table.md", "results.json")  # What is made of the rows, as it is written.


def evaluate(options: EvaluationOptions, resume: bool = False) -> str:
    """Evaluates, and writes the folder described above.

    Arguments:
      options: an `EvaluationOptions`.
      resume: go on with the rows that are there, made with equal options. Otherwise a finished evaluation is replaced.

    Returns:
      The table, Markdown.

    Raises:
      InputError: options, photos, masks, methods or networks cannot be used; or the folder holds rows that do not fit (see `rows`).
    """
    options.check()
    folder = pathlib.Path(options.output)
    if os.path.isdir(options.images) and folder.resolve().is_relative_to(pathlib.Path(options.images).resolve()):
        raise InputError(f"The output {folder} is in {options.images}: its pictures would be taken for photos the next time.")
    if any(os.path.isdir(kind) and folder.resolve() == pathlib.Path(kind).resolve() for kind in options.masks):
        raise InputError(f"The output {folder} is a folder of masks: the sheet would be taken for one the next time.")
    protocol = Protocol(options.images, options.masks, options.size, options.seed)
    methods = make_methods(options.methods)
    for name, method in methods.items():
        method.check(name, protocol.keys, options.size)
    if (options.fid_network or options.features) and len(protocol.photos) < 2:
        raise InputError("A Frechet distance needs at least two photos.")
    features = options.features and Features(options.features)
    lpips = options.lpips_network and Lpips(options.lpips_network)
    fid_features = options.fid_network and FidFeatures(options.fid_network)

    networks = {
        name: network.description for name, network in (("features", features), ("LPIPS", lpips), ("FID", fid_features)) if network
    }
    settings = _settings(options, protocol, methods, networks)
    of_two = {name: network for name, network in (("perceptual", features), ("lpips", lpips)) if network}
    metrics = [*names_at(options.size), *of_two]
    pictures = Pictures(folder / "pictures")
    on_sheet = _spread(protocol.photos, options.sheet_photos)
    labels = [(*key, name) for key in protocol.keys for name in methods]
    with Rows(folder, settings, labels, ["hole_ratio", "total_variation_of_photo", *metrics], resume, _RESULTS) as rows:
        with tqdm.tqdm(total=len(labels), initial=len(rows), desc="evaluating", unit="picture", disable=None) as progress:
            for case in protocol.cases():
                is_saved = options.save_pictures or case.key.photo in on_sheet
                to_do = [
                    name
                    for name in methods
                    if not rows.had(*case.key, name) or (is_saved and not pictures.has_completed(name, case.key))
                ]
                if is_saved:
                    pictures.save_case(case)
                for name in to_do:
                    if methods[name].refusal(case.mask):
                        if not rows.had(*case.key, name):
                            measured = {**_measure_case(case), **dict.fromkeys(metrics)}
                            rows.append({**case.key._asdict(), "method": name, **measured})
                            progress.update()
                        continue
                    completed = methods[name].complete(_without_hole(case), case.mask, case.key)
                    if is_saved:
                        pictures.save_completed(completed, name, case.key)
                    if rows.had(*case.key, name):
                        continue  # Its picture was missing.
                    distances = {metric: network(case.photo, completed) for metric, network in of_two.items()}
                    rows.append({**case.key._asdict(), "method": name, **_measure(case, completed), **distances})
                    progress.update()

    refused = {(row["photo"], row["masks"], row["method"]) for row in rows.rows if row[metrics[0]] is None}
    summary = tables.summarize(rows.rows, protocol.kinds, list(methods), metrics)
    if features:
        _add_frechet(
            summary, features.means, {name: f"{tables.FRECHET}{name}" for name in features.maps}, pictures, protocol, refused
        )
    if fid_features:
        _add_frechet(summary, lambda pictures: {"fid": fid_features(pictures)}, {"fid": "fid"}, pictures, protocol, refused)
    table = tables.markdown(summary, settings)
    write_png(folder / "sheet.png", draw_sheet(_sheet_rows(pictures, on_sheet, protocol.kinds, list(methods), refused)))
    write_whole(folder / "table.md", table.encode())
    write_whole(folder / "results.json", tables.as_json(summary, settings).encode())
    return table


def _settings(options, protocol, methods, networks):
    """{name: value}: all that the rows and pictures follow from."""
    return {
        **{f"--{name}": value for name, value in dataclasses.asdict(options).items() if name != "output"},
        "photos": f"{len(protocol.photos)}, digest {protocol.digest}",
        **{f"masks {masks.kind}": masks.description for masks in protocol.masks},
        **{f"method {name}": method.description for name, method in methods.items()},
        **networks,
    }


def _spread(names, number):
    number = min(number, len(names))
    return [names[index * len(names) // number] for index in range(number)]


def _without_hole(case):
    return np.where(case.mask[..., np.newaxis], np.uint8(0), case.photo)


def _measure_case(case):
    """What a row says of the case alone."""
    photo = tf.constant(case.photo[np.newaxis] / 127.5 - 1.0, tf.float64)
    return {"hole_ratio": float(case.mask.mean()), "total_variation_of_photo": float(total_variation(photo)[0])}


def _measure(case, completed):
    photo, completed = (tf.constant(picture[np.newaxis] / 127.5 - 1.0, tf.float64) for picture in (case.photo, completed))
    mask = tf.constant(case.mask[np.newaxis, ..., np.newaxis], tf.float64)
    metrics = _picture_metrics(photo, completed, mask)
    return {**_measure_case(case), **{name: float(value[0]) for name, value in metrics.items()}}


_picture_metrics = tf.function(picture_metrics, autograph=False)


def _add_frechet(summary, features_of, metrics, pictures, protocol, refused):
    """Adds Frechet distances of features from the photos': a function of pictures to {name: features}, and {name: metric}.

    A method that refused a case has none: its distance would be that of other pictures.
    """
    of_photos = features_of(pictures.photo(name) for name in protocol.photos)
    for kind, parts in summary.items():
        keys = [Key(photo, kind) for photo in protocol.photos]
        for method, means in parts[tables.ALL]["methods"].items():
            if any((*key, method) in refused for key in keys):
                continue
            of_completed = features_of(pictures.completed(method, key) for key in keys)
            means.update({metric: frechet_distance(of_photos[name], of_completed[name]) for name, metric in metrics.items()})


def _sheet_rows(pictures, photos, kinds, methods, refused):
    for key in (Key(photo, kind) for photo in photos for kind in kinds):
        photo = pictures.photo(key.photo)
        completed = [
            (f"{method}: not applicable", np.full_like(photo, 255))
            if (*key, method) in refused
            else (method, pictures.completed(method, key))
            for method in methods
        ]
        yield [(key.photo, photo), (key.masks, pictures.photo_with_hole(key)), *completed]
