"""Many photos on a Ray cluster of two nodes on this machine, of which one is killed; and what Ray costs beside two processes.

    pip install '.[ray]' && python benchmarks/many_photos.py

Completes 2,000 photos of 64x64 pixels, kills a node when a third is done, and compares all results with those of one process. Then
photos of 512x512 by --engine=ray on two nodes of one processor, and by --workers=2: seconds a photo from when both workers have
answered once to when the first has nothing more to do, so without what starting takes, which is printed beside it.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["PYTHONPATH"] = os.getcwd()
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import json
import pathlib
import tempfile
import time

import cv2
import numpy as np
from absl import app, flags
from ray.cluster_utils import Cluster

from gated_inpaint import Inpainter
from gated_inpaint.files.image_files import read_photo, write_png
from gated_inpaint.inference import files, workers
from gated_inpaint.inference.jobs import CompletionOptions

FLAGS = flags.FLAGS
flags.DEFINE_integer("small", 2000, "Photos of 64x64; 0: none.")
flags.DEFINE_integer("large", 60, "Photos of 512x512 in each of two runs a way; 0: none.")


def main(_):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        node = cluster.add_node(num_cpus=1)
        try:
            if FLAGS.large:
                make_photos("large", FLAGS.large, 512)
                for _ in range(2):
                    for name, how in (("processes", {"workers": 2}), ("ray", {"engine": "ray", "ray_address": cluster.address})):
                        print(f"512x512, {name}: {seconds_a_photo('large', how)}", flush=True)
            if FLAGS.small:
                make_photos("small", FLAGS.small, 64)
                kill_at_a_third(cluster, node)
        finally:
            cluster.shutdown()


def make_photos(folder, count, side):
    rng = np.random.default_rng(0)
    for kind in ("photos", "masks"):
        pathlib.Path(folder, kind).mkdir(parents=True)
    for number in range(count):
        photo = cv2.resize(rng.integers(0, 256, (side // 8, side // 8, 3), np.uint8), (side, side))
        mask = np.zeros((side, side, 1), np.uint8)
        cv2.polylines(mask, [rng.integers(0, side, (4, 1, 2)).astype(np.int32)], False, 255, side // 16)
        write_png(f"{folder}/photos/{number:05d}.png", photo)
        write_png(f"{folder}/masks/{number:05d}.png", mask)


def options_of(folder, how):
    return CompletionOptions(f"{folder}/photos", f"{folder}/masks", f"{folder}/out", report=f"{folder}/report.jsonl", **how)


def seconds_a_photo(folder, how):
    note, answers, began = workers.Workers._note, [], time.monotonic()

    def timed(self, worker, name, *values):
        if name == "done":
            answers.append((time.monotonic(), worker))
        return note(self, worker, name, *values)

    workers.Workers._note = timed
    try:
        files.complete_files(options_of(folder, how))
    finally:
        workers.Workers._note = note
    both = next(index for index in range(len(answers)) if len({id(worker) for _, worker in answers[: index + 1]}) == 2)
    times = [moment for moment, _ in answers[both:-2]]
    each = (times[-1] - times[0]) / (len(times) - 1)
    return f"{each:.3f} s a photo ({len(times)} of them), {time.monotonic() - began:.1f} s in all"


def kill_at_a_third(cluster, node):
    write, began = files.Report.write, time.monotonic()
    lines = []

    def killing(report, *line):
        write(report, *line)
        lines.append(line)
        if len(lines) == FLAGS.small // 3:
            cluster.remove_node(node, allow_graceful=False)
            print(f"A node was killed after {len(lines)} photos.", flush=True)

    files.Report.write = killing
    files.complete_files(options_of("small", {"engine": "ray", "ray_address": cluster.address}))
    seconds = time.monotonic() - began
    report = [json.loads(line) for line in pathlib.Path("small/report.jsonl").read_text().splitlines()]
    names = {line["image"] for line in report if line["status"] == "completed"}
    inpainter, right = Inpainter(), 0
    for path in sorted(pathlib.Path("small/photos").iterdir()):
        expected = inpainter(path, f"small/masks/{path.name}").astype(int)
        right += np.abs(read_photo(f"small/out/{path.name}").array - expected).max() <= 1
    print(f"{right} right results, {len(report)} lines of report, {len(names)} photos completed in it; {seconds:.0f} s.")


if __name__ == "__main__":
    app.run(main)
