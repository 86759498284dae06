"""Counts and seconds, in the text form that Prometheus reads."""

import collections
import threading


class Metrics:
    """Of requests by method, route and status; and of completions by weights and how they ended."""

    def __init__(self):
        self._lock = threading.Lock()
        self._sums = collections.defaultdict(float)

    def add(self, name, amount=1, **labels):
        """Adds to a counter."""
        with self._lock:
            self._sums[name, tuple(labels.items())] += amount

    def text(self, **gauges):
        """All counters, and gauges as they stand."""
        with self._lock:
            sums = sorted(self._sums.items())
        lines, named = [], set()
        for (name, labels), amount in [*sums, *(((name, ()), value) for name, value in gauges.items())]:
            if name not in named:
                named.add(name)
                lines.append(f"# TYPE gated_inpaint_{name} {'gauge' if name in gauges else 'counter'}")
            said = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
            lines.append(f"gated_inpaint_{name}{'{' + said + '}' if said else ''} {amount:.10g}")
        return "\n".join(lines) + "\n"


def _escaped(value):
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
