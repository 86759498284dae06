"""Jobs among the workers of a Ray cluster of two nodes, of which one is killed. Run by hand: pip install '.[test,ray]'."""

import collections
import json
import pathlib

import numpy as np
import pytest
from conftest import DATA

from gated_inpaint import Inpainter, InputError
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.inference.files import complete_files
from gated_inpaint.inference.jobs import CompletionOptions
from gated_inpaint.inference.workers import Workers

ray = pytest.importorskip("ray", reason="A cluster takes Ray: pip install '.[ray]'.")
cluster_utils = pytest.importorskip("ray.cluster_utils")

SMALL = str(DATA / "weight_files/shift_30_net_G.pth")


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes, each a raylet of its own with one processor; the second may be killed."""
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(__file__).parents[2]))  # Actors import what is tested.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.second = cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def test_a_node_is_killed(cluster, tmp_path, monkeypatch):
    """All photos are completed as one process completes them, and reported once; a second run leaves them as they are."""
    monkeypatch.chdir(tmp_path)
    names = [f"{number:03d}.png" for number in range(300)]
    rng, mask = np.random.default_rng(0), np.pad(np.full([16, 20, 1], 255, np.uint8), [[20, 28], [24, 20], [0, 0]])
    for folder in ("photos", "masks"):
        pathlib.Path(folder).mkdir()
    for name in names:
        write_png(f"photos/{name}", rng.integers(0, 256, [64, 64, 3], np.uint8))
        write_png(f"masks/{name}", mask)
    pathlib.Path("photos/005.png").write_text("rubbish")
    options = dict(image="photos", mask="masks", output="out", weights=SMALL, report="report.jsonl")
    options.update(engine="ray", ray_address=cluster.address)

    note, events = Workers._note, collections.defaultdict(list)

    def killing(workers, worker, name, *values):
        unanswered = note(workers, worker, name, *values)
        events[worker].append(name)
        if cluster.second and sum(names.count("done") >= 3 for names in events.values()) == 2:
            cluster.remove_node(cluster.second, allow_graceful=False)
            cluster.second = None
        return unanswered

    monkeypatch.setattr(Workers, "_note", killing)
    complete_files(CompletionOptions(**options))
    assert cluster.second is None, "The second node's worker did nothing: give it more photos."
    assert sum("died" in names for names in events.values()) >= 1
    lines = [json.loads(line) for line in pathlib.Path("report.jsonl").read_text().splitlines()]
    assert sorted(line["image"] for line in lines) == [f"photos/{name}" for name in names]
    assert [line["image"] for line in lines if line["status"] != "completed"] == ["photos/005.png"]
    inpainter = Inpainter(SMALL)
    for name in names[:5] + names[6:]:
        expected = inpainter(f"photos/{name}", f"masks/{name}")
        np.testing.assert_allclose(read_photo(f"out/{name}").array.astype(int), expected, atol=1)

    pathlib.Path("out/000.png").unlink()
    outcomes = complete_files(CompletionOptions(**options, skip_existing=True))
    assert collections.Counter(outcome.status for outcome in outcomes) == {"completed": 1, "exists": 298, "left_out": 1}
    with pytest.raises(InputError, match="There is no weights file nowhere.npz"):
        complete_files(CompletionOptions(**{**options, "weights": "nowhere.npz"}))
    with pytest.raises(InputError, match="No worker of 1 CPU and 2 GPUs fits into the Ray cluster, which has 1 CPU and 0 GPUs"):
        complete_files(CompletionOptions(**options, worker_gpus=2))
