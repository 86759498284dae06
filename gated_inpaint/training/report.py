"""A page about a training run, to be looked at in a browser while it trains or afterwards:

    gated-inpaint train_report runs/first

It writes `report.html` into the run's folder, one file with all in it: how far the run is, what looks wrong, a curve of every
number that was logged, and the validation's pictures over time. Nothing of the run is changed, and it need not have ended.

What looks wrong is said by plain rules on curves. Each is smoothed: its end is the median of the last tenth, at least five values.

  a critic has won         a hinge loss of a critic ends below 0.05: it tells real from completed everywhere, and its gradients
                           say little
  a critic has not begun   such a loss ends above 0.98, where it began: it scores all pictures alike
  the error rises          the validation's l1 in the hole ends 5% above the lowest that it was; with an adversarial loss it may,
                           for texture, so look at the pictures
  collapse                 the completed pictures' total variation ends at less than half of its largest: they lose all structure
  no longer finite         a number that was logged is none

Losses of critics are those with "discriminator" or "critic" in their name that are no part of the generator's own.
"""

import base64
import html
import os
import pathlib
from typing import NamedTuple, Union

import numpy as np
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

from gated_inpaint.errors import InputError
from gated_inpaint.files.writing import write_whole
from gated_inpaint.models.options import read_saved

REPORT = "report.html"
GRIDS = 6  # Validations of which the pictures are shown, from the first to the last.

_WON, _NOT_BEGUN, _RISEN, _COLLAPSED = 0.05, 0.98, 1.05, 0.5
_WIDTH, _HEIGHT, _POINTS = 360, 160, 180  # Of a curve: pixels, and points that are drawn at most.
_STYLE = """:root{color-scheme:light}body{font:15px/1.4 sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#222}
figure{display:inline-block;margin:0 1em 1em 0;vertical-align:top}figcaption{font-size:13px}svg{background:#f6f6f6}
.warning{background:#fff3d6;border-left:4px solid #d90;padding:.4em .8em;margin:.4em 0}img{max-width:360px}"""


class Curve(NamedTuple):
    """A number that was logged, over the steps."""

    steps: np.ndarray  # int64 [values]
    values: np.ndarray  # float64 [values]
    times: np.ndarray  # float64 [values], seconds since 1970.

    @property
    def end(self):
        """Median of the last tenth, at least five values, that are finite; NaN if there are none."""
        values = self.values[np.isfinite(self.values)]
        return float(np.median(values[-max(5, len(values) // 10) :])) if len(values) else float("nan")


def write_report(run_dir: "Union[str, os.PathLike[str]]") -> pathlib.Path:
    """Writes the page about a run; returns its path.

    Raises:
      InputError: it is no run's folder, or nothing was logged yet.
    """
    folder = pathlib.Path(run_dir)
    saved = read_saved(folder / "options.json")
    curves, grids = read_logged(folder / "tensorboard")
    if not curves:
        raise InputError(f"{folder} has nothing to report yet: nothing was logged. (--summarize_every says when it is.)")
    path = folder / REPORT
    write_whole(path, _page(folder, saved, curves, grids).encode())
    return path


def read_logged(folder):
    """What a run logged for TensorBoard, over all its resumes: {name: `Curve`}, and the validation's pictures, [(step, PNG)]."""
    if not folder.is_dir():
        return {}, []
    accumulator = event_accumulator.EventAccumulator(str(folder), {event_accumulator.TENSORS: 0})
    accumulator.Reload()
    curves, grids = {}, []
    for tag in accumulator.Tags()[event_accumulator.TENSORS]:
        events = accumulator.Tensors(tag)
        if accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "images":
            grids += [(event.step, tensor_util.make_ndarray(event.tensor_proto)[2]) for event in events]
        else:
            values = [float(tensor_util.make_ndarray(event.tensor_proto)) for event in events]
            steps, times = [event.step for event in events], [event.wall_time for event in events]
            curves[tag] = Curve(np.array(steps), np.array(values), np.array(times))
    return dict(sorted(curves.items())), sorted(grids)


def find_warnings(curves):
    """Sentences about what looks wrong in {name: `Curve`}; see the module's rules."""
    found = []
    for name, curve in curves.items():
        broken = curve.steps[~np.isfinite(curve.values)]
        if len(broken) and not name.endswith("psnr"):  # That of equal pictures is infinite.
            found.append(
                f"{name} is no longer finite from step {broken[0]} on: go back to an earlier checkpoint, with lower rates."
            )
        if name.startswith("loss/") and _is_critics_own(name):
            if curve.end < _WON:
                found.append(f"{name} ends at {curve.end:.3f}: the critic has won. Lower its learning rate or its loss's weight.")
            if curve.end > _NOT_BEGUN and curve.values.max() <= 1.05:
                found.append(f"{name} ends at {curve.end:.3f}: the critic tells nothing yet. Early in a run that is normal.")
    error, variation = curves.get("validation/l1_in_hole"), curves.get("validation/total_variation")
    if error is not None and error.end > _RISEN * np.nanmin(error.values):
        lowest, step = np.nanmin(error.values), error.steps[np.nanargmin(error.values)]
        found.append(
            f"validation/l1_in_hole ends at {error.end:.2f}%, and was {lowest:.2f}% at step {step}: the error rises. "
            "Texture can be worth that; the pictures say whether it is."
        )
    if variation is not None and variation.end < _COLLAPSED * np.nanmax(variation.values):
        found.append(
            f"validation/total_variation ends at {variation.end:.2f}%, and was {np.nanmax(variation.values):.2f}%: the completed "
            "pictures lose their structure, a collapse. Go back to an earlier checkpoint."
        )
    return found


def hours_of(curves):
    """Hours that a run trained: between what it logged, but for gaps of ten times the usual length, in which it had stopped."""
    gaps = np.diff(max((curve.times for curve in curves.values()), key=len))
    return float(gaps[gaps <= 10 * np.median(gaps)].sum() / 3600) if len(gaps) else 0.0


def _is_critics_own(name):
    own = name.split("/")[-1]
    return ("discriminator" in own or "critic" in own) and "score" not in own and "adversarial" not in own


def _page(folder, saved, curves, grids):
    steps = max(int(curve.steps[-1]) for curve in curves.values())
    done = f"{saved['model']}: {steps} of {saved['steps']} steps, {steps * saved['batch_size']} images"
    warnings = [f'<p class="warning">{html.escape(one)}</p>' for one in find_warnings(curves)]
    lines = [
        f"<!doctype html><meta charset=utf-8><title>{html.escape(folder.name)}</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(str(folder))}</h1><p>{html.escape(done)}, {hours_of(curves):.1f} hours.</p>",
        "<h2>What looks wrong</h2>",
        *(warnings or ["<p>Nothing, by these rules. Look at the pictures.</p>"]),
    ]
    lines += ["<h2>Curves</h2>", *(_figure(name, curve) for name, curve in curves.items())]
    if grids:
        chosen = [grids[index] for index in np.unique(np.linspace(0, len(grids) - 1, GRIDS).round().astype(int))]
        lines.append("<h2>Validation: photo, hole, stages, completed, where attention looked</h2>")
        for step, png in chosen:
            data = base64.b64encode(png).decode()
            lines.append(f'<figure><img src="data:image/png;base64,{data}"><figcaption>step {step}</figcaption></figure>')
    settings = "\n".join(f"--{name}={value}" for name, value in saved.items() if value not in (None, ""))
    return "\n".join([*lines, f"<h2>Options</h2><pre>{html.escape(settings)}</pre>", ""])


def _figure(name, curve):
    caption = f"{html.escape(name)}: {curve.values[-1]:.4g} at step {curve.steps[-1]}, recent median {curve.end:.4g}"
    return f"<figure>{_svg(curve)}<figcaption>{caption}</figcaption></figure>"


def _svg(curve):
    """The curve; of more points than are drawn, means of neighbours."""
    finite = np.isfinite(curve.values)
    steps, values = curve.steps[finite].astype(float), curve.values[finite]
    if not len(values):
        return f'<svg width="{_WIDTH}" height="{_HEIGHT}"></svg>'
    parts = min(_POINTS, len(values))
    steps, values = (np.array([part.mean() for part in np.array_split(each, parts)]) for each in (steps, values))
    low, high = values.min(), values.max()
    across = (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (_WIDTH - 20) + 10
    down = (high - values) / max(high - low, 1e-12) * (_HEIGHT - 40) + 20
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down))
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}"><polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>'
        f'<text x="10" y="14" font-size="11">{high:.4g}</text><text x="10" y="{_HEIGHT - 6}" font-size="11">{low:.4g}</text></svg>'
    )
