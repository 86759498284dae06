"""From rows to tables.

A summary is {kind of masks: {part: {"pictures": number, "total_variation_of_photos": mean, "methods": {name: {metric: mean}}}}}; a
method that refused cases has their number as "not_applicable" among its metrics, and means over the others.
The parts are "all", and the cases by the share of the picture that the hole covers: "10-20%" is more than 10%, up to 20%.
"""

import json
import math

from gated_inpaint.metrics import METRICS

ALL = "all"

# The paper's Table 1: validation photos of Places2, mean l1 and l2 error in percent.
PUBLISHED_SOURCE = "Free-Form Image Inpainting with Gated Convolution, arXiv 1806.03589, Table 1 (Places2, validation)"
PUBLISHED = {
    "PatchMatch": {"rectangle": {"l1": 16.1, "l2": 3.9}, "free-form": {"l1": 11.3, "l2": 2.4}},
    "Global&Local": {"rectangle": {"l1": 9.3, "l2": 2.2}, "free-form": {"l1": 21.6, "l2": 7.1}},
    "ContextAttention": {"rectangle": {"l1": 8.6, "l2": 2.1}, "free-form": {"l1": 17.2, "l2": 4.7}},
    "PartialConv (re-implemented)": {"rectangle": {"l1": 9.8, "l2": 2.3}, "free-form": {"l1": 10.4, "l2": 1.9}},
    "Gated, SN-PatchGAN": {"rectangle": {"l1": 8.6, "l2": 2.0}, "free-form": {"l1": 9.1, "l2": 1.6}},
}

# Heading and decimals of each metric.
_SHOWN = {
    "l1": ("l1 %", 2),
    "l2": ("l2 %", 2),
    "l1_in_hole": ("l1 in hole %", 2),
    "psnr": ("PSNR dB", 2),
    "ssim": ("SSIM", 4),
    "ms_ssim": ("MS-SSIM", 4),
    "total_variation": ("total variation %", 2),
    "perceptual": ("perceptual", 4),
    "lpips": ("LPIPS", 4),
    "fid": ("FID", 2),
}
FRECHET = "frechet "  # And the name of a map: shown behind those above.


def summarize(rows, kinds, methods, metrics):
    """The summary, as above, of rows as `rows.Rows` has them."""
    return {kind: _summarize_kind([row for row in rows if row["masks"] == kind], methods, metrics) for kind in kinds}


def markdown(summary, settings):
    """The tables as Markdown.

    Arguments:
      summary: as above; the metrics over all may include "fid", and `FRECHET` with the name of a map.
      settings: {name: value}, which says how the rows were made.
    """
    of_all = [means for parts in summary.values() for means in parts[ALL]["methods"].values()]
    metrics = [metric for metric in _SHOWN if any(metric in means for means in of_all)]
    metrics += dict.fromkeys(metric for means in of_all for metric in means if metric.startswith(FRECHET))
    lines = ["# Evaluation"]
    for kind, parts in summary.items():
        lines += ["", f"## Measured here: masks {kind}", "", *_table(parts, metrics)]
    lines += ["", "## How it was measured", "", "Every method was given the same photos with the same holes.", ""]
    lines += [f"- {name}: {_setting(value)}" for name, value in settings.items() if value is not None]
    lines += ["", "Figures are means over the pictures. Of one picture, with black as 0 and white as 1:", ""]
    lines += [f"- {name}: {formula}" for name, formula in METRICS.items()]
    return "\n".join([*lines, "", *_published_lines(), ""])


def as_json(summary, settings):
    """The tables, and the published figures apart, as JSON. What is not finite, such as the PSNR of equal pictures, is null."""
    published = {"source": PUBLISHED_SOURCE, "methods": PUBLISHED}
    return json.dumps(_finite({"settings": settings, "measured": summary, "published": published}), indent=2) + "\n"


def _summarize_kind(rows, methods, metrics):
    parts = {ALL: rows}
    for row in sorted(rows, key=lambda row: row["hole_ratio"]):
        parts.setdefault(_part(row["hole_ratio"]), []).append(row)
    return {part: _summarize_part(rows, methods, metrics) for part, rows in parts.items()}


def _part(hole_ratio):
    upper = 10 * max(math.ceil(round(10 * hole_ratio, 9)), 1)
    return f"{upper - 10}-{upper}%"


def _summarize_part(rows, methods, metrics):
    of_method = {method: [row for row in rows if row["method"] == method] for method in methods}
    any_method = of_method[methods[0]]
    return {
        "pictures": len(any_method),
        "total_variation_of_photos": _mean(any_method, "total_variation_of_photo"),
        "methods": {method: _means(rows, metrics) for method, rows in of_method.items()},
    }


def _means(rows, metrics):
    applicable = [row for row in rows if row[metrics[0]] is not None]
    refused = {"not_applicable": len(rows) - len(applicable)} if len(applicable) < len(rows) else {}
    return {**refused, **({metric: _mean(applicable, metric) for metric in metrics} if applicable else {})}


def _mean(rows, column):
    # The PSNR of equal pictures is infinite; one such picture would hide all others.
    values = [row[column] for row in rows if row[column] != math.inf]
    return math.fsum(values) / len(values) if values else math.inf


def _table(parts, metrics):
    yield _line("hole", "pictures", "method", *(_shown(metric)[0] for metric in metrics))
    yield _line(*["---"] * (3 + len(metrics)))
    for part, found in parts.items():
        if part != ALL and len(parts) == 2:
            continue  # All cases are in one part.
        for method, means in found["methods"].items():
            refused = means.get("not_applicable", 0)
            pictures = f"{found['pictures'] - refused} ({refused} not applicable)" if refused else found["pictures"]
            yield _line(part, pictures, method, *(_cell(metric, means.get(metric)) for metric in metrics))
        photo = {"total_variation": found["total_variation_of_photos"]}
        yield _line(part, found["pictures"], "*the photos*", *(_cell(metric, photo.get(metric)) for metric in metrics))


def _cell(metric, value):
    return "" if value is None else f"{value:.{_shown(metric)[1]}f}"


def _shown(metric):
    """Heading and decimals."""
    return _SHOWN.get(metric) or (f"Frechet ({metric[len(FRECHET) :]})", 2)


def _published_lines():
    yield "## Published references, not measured here"
    yield ""
    yield f"{PUBLISHED_SOURCE}."
    yield "Other photos and other masks: these figures compare with each other, not with those measured here."
    yield "Their authors call them a rough guide: looking decides."
    yield ""
    yield _line("method", "rectangle: l1 %", "l2 %", "free-form: l1 %", "l2 %")
    yield _line(*["---"] * 5)
    for method, masks in PUBLISHED.items():
        yield _line(method, *(f"{masks[kind][metric]:.1f}" for kind in ("rectangle", "free-form") for metric in ("l1", "l2")))


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _setting(value):
    return ", ".join(value) if isinstance(value, (list, tuple)) else value


def _finite(value):
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
