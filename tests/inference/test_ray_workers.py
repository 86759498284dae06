"""Jobs among the workers of a Ray cluster of two nodes, of which one is killed. Run by hand: pip install '.[test,ray]'."""

import collections
import pathlib

import pytest
from conftest import DATA
from numbered_photos import check_completed, write_photos

from gated_inpaint import InputError
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
    write_photos(names)
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
    check_completed(names, SMALL)

    pathlib.Path("out/000.png").unlink()
    outcomes = complete_files(CompletionOptions(**options, skip_existing=True))
    assert collections.Counter(outcome.status for outcome in outcomes) == {"completed": 1, "exists": 298, "left_out": 1}
    with pytest.raises(InputError, match="There is no weights file nowhere.npz"):
        complete_files(CompletionOptions(**{**options, "weights": "nowhere.npz"}))
    # A node that died is counted until the cluster has noticed.
    with pytest.raises(
        InputError, match="No worker of 1 CPU and 2 GPUs fits into the Ray cluster, which has [12] CPUs? and 0 GPUs"
    ):
        complete_files(CompletionOptions(**options, worker_gpus=2))
