"""What there is to complete: folders, trees, lists and shares. No image is read, so the files are empty."""

import pathlib

import pytest

from gated_inpaint import InputError
from gated_inpaint.inference.jobs import CompletionOptions, find_jobs


@pytest.fixture(autouse=True)
def in_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make(*names):
    for name in names:
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(name).touch()


def found(**options):
    """({image: (mask, output)} of what can be tried, {file: why it is left out}) as strings."""
    jobs = find_jobs(CompletionOptions(**options))
    to_do = {str(job.image): (job.mask and str(job.mask), str(job.output)) for job in jobs if not job.left_out}
    return to_do, {str(job.file): job.left_out for job in jobs if job.left_out}


def test_two_folders():
    make(*(f"photos/{name}" for name in ("a.jpg", "b.png", "c.png", "d.png", "e.png", "f.gat", "f.png", "g.gat", "no_suffix")))
    make("masks/a.png", "masks/b_mask001.png", "masks/mask_c.png", "masks/d.png", "masks/d_mask.png", "masks/f.png", "masks/g.png")
    make("masks/x.png", "masks/notes.txt", "masks/e.gat")
    to_do, left_out = found(image="photos", mask="masks", output="out")
    assert to_do == {
        "photos/a.jpg": ("masks/a.png", "out/a.png"),
        "photos/b.png": ("masks/b_mask001.png", "out/b.png"),
        "photos/c.png": ("masks/mask_c.png", "out/c.png"),
        "photos/f.png": ("masks/f.png", "out/f.png"),
    }
    assert left_out == {
        "masks/x.png": "there is no image photos/x.* for it",
        "photos/d.png": "it has more than one mask: masks/d.png, masks/d_mask.png",
        "photos/e.png": "its mask masks/e.gat is of a kind that is not read here (.gat)",
        "photos/f.gat": "it is of a kind that is not read here (.gat)",
        "photos/g.gat": "it is of a kind that is not read here (.gat)",
        "photos/no_suffix": "it is of a kind that is not read here (no suffix)",
    }


def test_one_folder_for_both():
    make("both/a.png", "both/a_mask.png", "both/b.jpg", "both/mask_b.png", "both/c.png", "both/d_mask.png", "both/e.png")
    make("both/e_mask001.png", "both/e_mask002.png")
    to_do, left_out = found(image="both", mask="both/../both", output="out")
    assert to_do == {"both/a.png": ("both/a_mask.png", "out/a.png"), "both/b.jpg": ("both/mask_b.png", "out/b.png")}
    assert left_out == {
        "both/c.png": "there is no mask for it in both/../both",
        "both/d_mask.png": "there is no image both/d.* for it",
        "both/e.png": "it has more than one mask: both/e_mask001.png, both/e_mask002.png",
    }


def test_masks_are_no_photos():
    make("photos/a.png", "photos/a_mask.png", "photos/mask_wearers.png", "mask.png", "photos/mask.png")
    to_do, left_out = found(image="photos", mask="mask.png", output="out")
    assert to_do.keys() == {"photos/a.png", "photos/mask_wearers.png", "photos/mask.png"}
    assert left_out == {"photos/a_mask.png": "it is named as the mask of a.*, beside it"}
    assert found(image="photos", mask="photos/mask.png")[0].keys() == {"photos/a.png", "photos/mask_wearers.png"}


def test_frames_with_numbered_masks():
    make(*(f"frames/shot_{number:04d}.jpg" for number in (8, 9, 10, 11)), *(f"mattes/m{number}.png" for number in (8, 9, 10, 12)))
    make("frames/notes.txt", "mattes/notes.txt")
    to_do, left_out = found(image="frames", mask="mattes")
    assert to_do == {
        f"frames/shot_{number:04d}.jpg": (f"mattes/m{number}.png", f"completed/shot_{number:04d}.png") for number in (8, 9, 10)
    }
    assert left_out == {
        "frames/notes.txt": "it is of a kind that is not read here (.txt)",
        "frames/shot_0011.jpg": "there is no mask for it in mattes",
        "mattes/m12.png": "there is no image frames/m12.* for it",
    }


def test_frames_and_numbered_masks_in_one_folder():
    make(*(f"film/{name}.png" for name in ("frame_1", "frame_2", "mask_0001", "mask_0002")))
    to_do, left_out = found(image="film", mask="film", output="out")
    assert to_do == {
        "film/frame_1.png": ("film/mask_0001.png", "out/frame_1.png"),
        "film/frame_2.png": ("film/mask_0002.png", "out/frame_2.png"),
    }
    assert left_out == {}


def test_trees():
    make("photos/a.png", "photos/one/a.png", "photos/one/two/b.png", "photos/masks/one/a.png", "photos/masks/a.png")
    make("photos/masks/one/two/b_mask.png", "photos/masks/three/c.png", "photos/results/old.png", "photos/results/report.jsonl")
    options = dict(image="photos", mask="photos/masks", output="photos/results")
    to_do, left_out = found(**options)
    assert to_do.keys() == {"photos/a.png"} and left_out == {"photos/one": "it is a folder; --recursive goes into folders"}
    to_do, left_out = found(**options, recursive=True)
    assert to_do == {
        "photos/a.png": ("photos/masks/a.png", "photos/results/a.png"),
        "photos/one/a.png": ("photos/masks/one/a.png", "photos/results/one/a.png"),
        "photos/one/two/b.png": ("photos/masks/one/two/b_mask.png", "photos/results/one/two/b.png"),
    }
    assert left_out == {"photos/masks/three/c.png": "there is no image photos/three/c.* for it"}
    stages = [job.stages for job in find_jobs(CompletionOptions(**options, recursive=True)) if not job.left_out]
    assert stages == ["a", "one/a", "one/two/b"]


def test_photos_without_masks():
    make("photos/a.png", "photos/b.png")
    assert found(image="photos")[0] == {"photos/a.png": (None, "completed/a.png"), "photos/b.png": (None, "completed/b.png")}


def test_two_photos_of_one_result():
    make("photos/a.png", "photos/a.jpg", "photos/b.webp", "mask.png")
    to_do, left_out = found(image="photos", mask="mask.png", output="out")
    assert to_do.keys() == {"photos/b.webp"}
    assert set(left_out.values()) == {"photos/a.jpg, photos/a.png would all be written to out/a.png"}
    make("photos/c.bmp")
    to_do, left_out = found(image="photos", mask="mask.png", output="out", output_format="same")
    assert [output for _, output in to_do.values()] == ["out/a.jpg", "out/a.png", "out/b.webp", "out/c.png"] and left_out == {}


def test_sketches_pair_by_stem():
    make("photos/a.png", "photos/b.png", "masks/a.png", "masks/b.png", "lines/a.png", "lines/c.png")
    jobs = find_jobs(CompletionOptions(image="photos", mask="masks", sketch="lines"))
    assert [(str(job.file), job.sketch and str(job.sketch), job.left_out) for job in jobs] == [
        ("lines/c.png", "lines/c.png", "there is no image photos/c.* for it"),
        ("photos/a.png", "lines/a.png", ""),
        ("photos/b.png", None, "there is no sketch for it in lines"),
    ]
    with pytest.raises(InputError, match="a folder of their own"):
        find_jobs(CompletionOptions(image="photos", mask="masks", sketch="photos"))


@pytest.mark.parametrize(
    "name, text",
    [
        ("list.csv", '\ufeff"a b.png",m.png,"out 1.png"\n\n x.png , m.png , sub/2.png\ny.png,m.png\nz.png\n'),
        ("list.csv", "mask,image,output,sketch\nm.png,a b.png,out 1.png\nm.png,x.png,sub/2.png,\nm.png,y.png\n,z.png\n"),
        ("list.csv", "a b.png;m.png;out 1.png\nx.png;m.png;sub/2.png\ny.png;m.png\nz.png\n"),
        ("list.flist", '"a b.png" m.png "out 1.png"\nx.png  m.png sub/2.png\n\ny.png m.png\nz.png'),
        ("list.txt", "a b.png\tm.png\tout 1.png\r\nx.png\tm.png\tsub/2.png\r\ny.png\tm.png\r\nz.png\r\n"),
    ],
)
def test_lists(name, text):
    make("lists/a b.png", "lists/m.png", "x.png", "lists/y.png", "z.png")
    pathlib.Path("lists", name).write_text(text, encoding="utf-8")
    expected = {
        "lists/a b.png": ("lists/m.png", "out 1.png"),
        "x.png": ("lists/m.png", "sub/2.png"),
        "lists/y.png": ("lists/m.png", "y.png"),
        "z.png": (None, "z.png"),
    }
    to_do, left_out = found(jobs=f"lists/{name}")
    assert left_out == {"z.png": "its output z.png would replace an input"}
    assert to_do == {image: pair for image, pair in expected.items() if image != "z.png"}
    pathlib.Path("lists/other.txt").write_text("z.png m.png z.gif")
    assert "must end in .png, .jpg" in found(jobs="lists/other.txt")[1]["z.png"]
    to_do, left_out = found(jobs=f"lists/{name}", output="results")
    assert to_do == {image: (mask, f"results/{output}") for image, (mask, output) in expected.items()} and left_out == {}


@pytest.mark.parametrize(
    "text, words",
    [
        ("a.png,m.png,o.png,s.png", "line 1, has 4 columns and not photo, mask, output"),
        ("a.png\n,m.png", "line 2, names no photo"),
        ("\n", "names no photos"),
        ("photo,output", "names no photos"),
        ("\0\1", "no text"),
    ],
)
def test_lists_that_cannot_be_used(text, words):
    pathlib.Path("list.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        find_jobs(CompletionOptions(jobs="list.csv"))


def test_every_job_is_in_one_share():
    make(*(f"photos/{number}.png" for number in range(7)), "photos/text.txt")
    everything = find_jobs(CompletionOptions(image="photos"))
    shares = [find_jobs(CompletionOptions(image="photos", shard=f"{number}/3")) for number in (1, 2, 3)]
    assert sorted(map(len, shares)) == [2, 3, 3]
    assert sorted(job.file for share in shares for job in share) == sorted(job.file for job in everything)
