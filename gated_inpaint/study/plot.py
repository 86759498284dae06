"""A plot of means or shares with their intervals, as SVG: sharp at any size, its text editable."""

from xml.sax.saxutils import escape

_AXIS, _ROW, _TOP, _BOTTOM, _RIGHT = 528, 36, 44, 56, 64
_LETTER = 8  # Pixels of an average letter at the size of the labels.


def interval_plot(title, rows, ticks, unit, reference=None):
    """Draws one line a row: a dot, its interval, and its value in digits.

    Arguments:
      title: stands above.
      rows: (label, value, low, high), from the top down.
      ticks: values marked on the axis, ascending; the first and the last are its ends.
      unit: what the axis is labelled with.
      reference: a value to mark by a dashed line, or None.

    Returns the SVG as text.
    """
    left = 24 + _LETTER * max(len(label) for label, *_ in rows)
    right = left + _AXIS
    width = right + _RIGHT
    height = _TOP + _ROW * len(rows) + _BOTTOM
    bottom = height - _BOTTOM

    def x(value):
        return round(left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * _AXIS, 1)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="14" fill="#222">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{left}" y="26" font-weight="600">{escape(title)}</text>',
    ]
    for tick in ticks:
        lines.append(f'<path d="M{x(tick)} {_TOP}V{bottom}" stroke="#e2e2e2"/>')
        lines.append(f'<text x="{x(tick)}" y="{bottom + 18}" text-anchor="middle" fill="#666" font-size="12">{tick:g}</text>')
    if reference is not None:
        lines.append(f'<path d="M{x(reference)} {_TOP}V{bottom}" stroke="#888" stroke-dasharray="4 3"/>')
    middle = left + _AXIS / 2
    lines.append(f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle" fill="#666" font-size="12">{escape(unit)}</text>')
    for number, (label, value, low, high) in enumerate(rows):
        y = _TOP + _ROW * (number + 0.5)
        lines.append(f'<text x="{left - 12}" y="{y + 5}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<path d="M{x(low)} {y}H{x(high)}" stroke="#1f5fa8" stroke-width="3" stroke-linecap="round" opacity=".45"/>')
        lines.append(f'<circle cx="{x(value)}" cy="{y}" r="5.5" fill="#1f5fa8"/>')
        lines.append(f'<text x="{right + 14}" y="{y + 5}">{value:.{2 if ticks[-1] <= 10 else 0}f}</text>')
    return "\n".join([*lines, "</svg>", ""])
