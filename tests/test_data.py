"""The data pipeline, on small pictures drawn here: photo n has n in its red channel, its columns in green and its rows in blue."""

import itertools
import os
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from photo_cases import file_of, turned_files
from PIL import Image, ImageOps

from gated_inpaint.commands.main import run
from gated_inpaint.data import find_photos, training_examples, validation_examples, write_tfrecords
from gated_inpaint.data.decoding import decode, exif_orientation
from gated_inpaint.data.sources import locate_photos
from gated_inpaint.errors import InputError
from gated_inpaint.files.image_files import decode_photo

SIZE = 16
COUNT = 7


def draw_photo(number, height=24, width=32):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([np.full_like(rows, number), columns, rows], axis=-1).astype(np.uint8)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def fill(folder):
    for number in range(COUNT):
        save(folder / f"{number}.png", draw_photo(number))
    return folder


@pytest.fixture
def folder(tmp_path):
    """Seven photos; the test may change them."""
    return fill(tmp_path / "photos")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Seven photos, found."""
    return find_photos(fill(tmp_path_factory.mktemp("photos")))


@pytest.fixture(scope="module")
def stream(photos):
    """The first examples of their stream."""
    return take(training_examples(photos, SIZE), 60 * COUNT)


def levels(images):
    return np.rint((np.asarray(images) + 1) * 127.5).astype(int)


def numbers(examples):
    """Which photos the examples show."""
    return [int(np.median(levels(example["image"])[..., 0])) for example in examples]


def take(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def found(source):
    """The photos of a source, by the names of their files."""
    return [os.path.basename(name) for name in locate_photos(source).names()]


def stack(examples):
    return {key: np.stack([example[key] for example in examples]) for key in examples[0]}


def assert_equal_examples(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


# Sources.


def test_folder_is_searched_in_depth_and_sorted(folder):
    for name in ("a/b/deep.JPG", "a.jpeg", "a.bmp", ".hidden.png", ".hidden/1.png", "1_edge.png", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert found(folder) == ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png", "a.bmp", "a.jpeg", "deep.JPG"]


def test_glob(folder):
    save(folder / "sub" / "8.png", draw_photo(8))
    assert found(f"{folder}/[2-4].png") == ["2.png", "3.png", "4.png"]
    assert found(f"{folder}/**/[48].png") == ["4.png", "8.png"]


def test_single_file_whose_name_looks_like_a_glob(tmp_path):
    assert found(save(tmp_path / "photo[1].png", draw_photo(9))) == ["photo[1].png"]


@pytest.mark.parametrize("name", ["list.flist", "list.txt"])
def test_list_file_keeps_its_order(folder, tmp_path, monkeypatch, name):
    save(tmp_path / "elsewhere" / "50.png", draw_photo(50))
    save(tmp_path / "elsewhere" / "photos" / "3.png", draw_photo(51))  # The list's own folder comes first.
    (tmp_path / name).write_text(f"{folder}/5.png\n\nphotos/3.png\n50.png\nmissing.png\nphotos/0.png\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert locate_photos(tmp_path / name).names() == [
        f"{folder}/5.png",
        f"{folder}/3.png",
        "50.png",
        f"{tmp_path}/missing.png",
        f"{folder}/0.png",
    ]


def test_tfrecords_hold_what_the_folder_held(folder, tmp_path):
    save(folder / "2_edge.png", draw_photo(0) * 10)
    photos = find_photos(folder, sketch=True)
    paths = write_tfrecords(photos, tmp_path / "records", photos_per_file=3)
    assert [path.name for path in paths] == [f"photos-{number:05d}-of-00003.tfrecord" for number in range(3)]
    packed = find_photos(tmp_path / "records", sketch=True)
    assert packed.digest() == photos.digest() == find_photos(f"{tmp_path}/records/*.tfrecord", sketch=True).digest()
    assert_equal_examples(take(training_examples(packed, SIZE), 20), take(training_examples(photos, SIZE), 20))
    assert find_photos(tmp_path / "records").digest() == find_photos(folder).digest() != photos.digest()
    features = tf.train.Example.FromString(next(tf.data.TFRecordDataset(os.fspath(paths[0])).skip(2).as_numpy_iterator()))
    assert features.features.feature["name"].bytes_list.value == [os.fsencode(folder / "2.png")]


def test_write_tfrecords_command(folder, tmp_path, capsys):
    arguments = ["write_tfrecords", str(folder), str(tmp_path / "records"), "--photos_per_file=4"]
    assert run("data", arguments, "data") == 0
    assert f"{COUNT} photos in 2 files" in capsys.readouterr().out
    assert len(find_photos(tmp_path / "records")) == COUNT
    assert run("data", arguments, "data") == 1
    assert "holds TFRecord files already" in capsys.readouterr().err


def test_damaged_tfrecords(folder, tmp_path):
    (path,) = write_tfrecords(find_photos(folder), tmp_path / "records")
    content = bytearray(path.read_bytes())
    content[60] ^= 1  # Inside the first record.
    path.write_bytes(content)
    photos = find_photos(tmp_path / "records", max_bad_fraction=0.5)
    assert len(photos) == COUNT - 1 and str(path) in photos.skipped[0]
    path.write_bytes(content[:-1])
    with pytest.raises(InputError, match="cut short"):
        find_photos(tmp_path / "records")


def test_photos_and_tfrecords_together_are_refused(folder):
    write_tfrecords(find_photos(folder), folder)
    with pytest.raises(InputError, match="7 photos and 1 TFRecord"):
        find_photos(folder)


def test_tensorflow_datasets_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match="pip install tensorflow-datasets"):
        find_photos("tfds:celeb_a_hq")


def test_tensorflow_datasets(folder, tmp_path, monkeypatch):
    """With a stand-in for the package that knows one dataset, stored as the package stores it."""
    (written,) = write_tfrecords(find_photos(folder), tmp_path / "records")
    stored = written.rename(tmp_path / "records" / "drawn-train.tfrecord-00000-of-00001")
    splits = {name: types.SimpleNamespace(filepaths=[stored]) for name in ("train", "test")}
    info = types.SimpleNamespace(splits=splits, features={"image": None, "label": None})

    def builder(name):
        if name != "drawn":
            raise ValueError(f"Dataset {name} not found.\nmore")
        return types.SimpleNamespace(info=info, data_dir=os.fspath(tmp_path / "records"))

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", types.SimpleNamespace(builder=builder))
    assert numbers(validation_examples(find_photos("tfds:drawn"), SIZE)) == list(range(COUNT))
    assert len(locate_photos("tfds:drawn@test").names()) == COUNT
    with pytest.raises(InputError, match="no split half, only train, test"):
        find_photos("tfds:drawn@half")
    with pytest.raises(InputError, match="Dataset painted not found"):
        find_photos("tfds:painted")
    del info.features["image"]
    with pytest.raises(InputError, match="no feature `image`, only label"):
        find_photos("tfds:drawn")


def test_sources_without_photos(tmp_path):
    with pytest.raises(InputError, match="holds no photos"):
        find_photos(tmp_path)
    with pytest.raises(InputError, match="nothing matches"):
        find_photos(tmp_path / "missing")
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(InputError, match="holds no photos"):
        find_photos(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("missing/1.png\n")
    with pytest.raises(InputError, match="1 of 1 photos .* cannot be used.*missing/1.png"):
        find_photos(tmp_path / "list.txt")


# Files that cannot be used.


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "warning", lambda message, *arguments: lines.append(message % arguments))
    return lines


def spoil(folder):
    """Adds five files that are no photos, among seven good ones."""
    save(folder / "cut.jpg", np.random.default_rng(0).integers(0, 256, [64, 64, 3], np.uint8))
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-200])
    (folder / "cut.png").write_bytes((folder / "3.png").read_bytes()[:-40])
    (folder / "empty.jpg").write_bytes(b"")
    Image.fromarray(draw_photo(1)).save(folder / "animation.jpg", format="GIF")
    (folder / "text.bmp").write_text("no picture at all")
    return {str(folder / name) for name in ("cut.jpg", "cut.png", "empty.jpg", "animation.jpg", "text.bmp")}


def test_bad_files_are_skipped_named_and_counted(folder, log):
    bad = spoil(folder)
    photos = find_photos(folder, max_bad_fraction=0.5)
    assert len(photos) == COUNT and set(photos.skipped) == bad
    assert numbers(validation_examples(photos, SIZE)) == list(range(COUNT))
    for path in bad:
        assert sum(line.startswith(f"Skipped {path}: ") for line in log) == 1
    assert any("GIFs are not read" in line for line in log)
    assert not any("{{" in line or "[Op:" in line for line in log)  # TensorFlow's names for its operations say nothing to a user.
    assert "5 of 12 photos" in log[-1]


def test_too_many_bad_files(folder):
    bad = spoil(folder)
    with pytest.raises(InputError, match="5 of 12 photos .* more than 1.00%") as error:
        find_photos(folder)
    assert all(path in str(error.value) for path in bad)
    find_photos(folder, max_bad_fraction=5 / 12)
    with pytest.raises(InputError, match="5 of 12"):
        find_photos(folder, max_bad_fraction=4.9 / 12)
    for number in range(COUNT):
        (folder / f"{number}.png").unlink()
    with pytest.raises(InputError, match="5 of 5"):
        find_photos(folder, max_bad_fraction=1.0)


def test_record_saves_the_check(folder, tmp_path, log):
    record = tmp_path / "checked.json"
    (folder / "bad.png").write_bytes(b"")
    first = find_photos(folder, max_bad_fraction=0.5, record=record)
    written = record.stat().st_mtime_ns
    (folder / "3.png").write_bytes(b"rubbish")  # Not looked at again, so not noticed now ...
    again = find_photos(folder, max_bad_fraction=0.5, record=record)
    assert again.digest() == first.digest() and again.skipped == first.skipped == (str(folder / "bad.png"),)
    assert record.stat().st_mtime_ns == written
    with pytest.raises(tf.errors.InvalidArgumentError, match="3.png"):  # ... but when it is read.
        take(validation_examples(again, SIZE), COUNT)

    (folder / "2.png").unlink()
    save(folder / "9.png", draw_photo(9))
    (folder / "worse.png").write_bytes(b"")
    changed = find_photos(folder, max_bad_fraction=0.5, record=record)
    assert len(changed) == COUNT and changed.skipped == (str(folder / "bad.png"), str(folder / "worse.png"))
    assert changed.digest() != first.digest()
    assert any("2 photos came and 1 went" in line for line in log)

    find_photos(folder, sketch=True, max_bad_fraction=0.5, record=record)  # With edges, everything is looked at again.
    assert str(folder / "3.png") in find_photos(folder, sketch=True, max_bad_fraction=0.5, record=record).skipped
    record.write_text("rubbish")
    with pytest.raises(InputError, match="delete it"):
        find_photos(folder, record=record)


@pytest.mark.parametrize("spoiled", [b"rubbish", None], ids=["changed", "gone"])
def test_file_that_goes_bad_later_is_named(folder, spoiled):
    photos = find_photos(folder)
    if spoiled is None:
        (folder / "4.png").unlink()
    else:
        (folder / "4.png").write_bytes(spoiled)
    with pytest.raises(tf.errors.OpError, match=r"4\.png"):
        take(training_examples(photos, SIZE), COUNT)


# The stream.


def test_seed_decides_on_order_and_content(photos, stream):
    assert_equal_examples(stream[:30], take(training_examples(photos, SIZE, seed=0), 30))
    others = take(training_examples(photos, SIZE, seed=1), 30)
    assert numbers(stream[:30]) != numbers(others)
    same = [np.array_equal(one["image"][..., 1:], other["image"][..., 1:]) for one, other in zip(stream, others)]
    assert sum(same) < 5
    assert [example["index"] for example in stream] == list(range(len(stream)))


def test_stream_is_the_same_on_every_machine(stream):
    """As TensorFlow 2.15 and 2.21 gave it: a training can be resumed on another machine."""
    assert numbers(stream[: 2 * COUNT]) == [3, 5, 1, 2, 6, 0, 4, 0, 6, 5, 2, 4, 1, 3]
    assert [corner_and_direction(example) for example in stream[:3]] == [(0, 3, True), (4, 2, True), (7, 0, True)]


def test_every_photo_once_an_epoch_in_an_order_of_its_own(stream):
    shown = np.reshape(numbers(stream), [-1, COUNT])
    assert (np.sort(shown, axis=1) == np.arange(COUNT)).all()
    assert len({tuple(order) for order in shown}) > len(shown) - 4
    assert len(set(shown[:, 0])) == COUNT


@pytest.mark.parametrize("start", [1, COUNT, 3 * COUNT + 2])
def test_start_equals_skipping(photos, stream, start):
    assert_equal_examples(take(training_examples(photos, SIZE, start=start), 12), stream[start : start + 12])


def test_start_reads_no_earlier_photo(folder, stream):
    photos = find_photos(folder)
    order = numbers(stream[:COUNT])
    for number in order[:3]:
        (folder / f"{number}.png").unlink()
    assert numbers(take(training_examples(photos, SIZE, start=3), COUNT - 3)) == order[3:]


@pytest.mark.parametrize("start", [0, 4, 12])
def test_workers_together_see_what_one_would(photos, stream, start):
    workers, batch_size = 3, 6
    parts = [
        take(training_examples(photos, SIZE, batch_size // workers, start=start, shard=(worker, workers)), 4)
        for worker in range(workers)
    ]
    for number, shares in enumerate(zip(*parts)):
        assert [set(share["index"] % workers) for share in shares] == [{0}, {1}, {2}]
        together = {key: np.concatenate([share[key] for share in shares]) for key in shares[0]}
        order = np.argsort(together["index"])
        begin = start + number * batch_size
        assert_equal_examples([{key: value[order] for key, value in together.items()}], [stack(stream[begin : begin + batch_size])])


def test_batches_are_the_examples(photos, stream):
    batches = take(training_examples(photos, SIZE, 5), 2)
    assert_equal_examples(batches, [stack(stream[:5]), stack(stream[5:10])])
    assert [len(batch["index"]) for batch in validation_examples(photos, SIZE, 5)] == [5, 2]


def test_shapes_and_types(folder, stream):
    assert stream[0].keys() == {"index", "image"}
    examples = training_examples(find_photos(folder, sketch=True), SIZE, 4)
    assert examples.element_spec == {
        "index": tf.TensorSpec([4], tf.int64),
        "image": tf.TensorSpec([4, SIZE, SIZE, 3], tf.float32),
        "sketch": tf.TensorSpec([4, SIZE, SIZE, 1], tf.float32),
    }
    (batch,) = take(examples, 1)
    assert batch["image"].min() >= -1 and batch["image"].max() <= 1
    assert set(np.unique(batch["sketch"])) <= {0, 1}


def test_order_is_fixed_and_nothing_keeps_the_program_waiting(photos):
    for examples in (training_examples(photos, SIZE, 2), validation_examples(photos, SIZE)):
        options = examples.options()
        assert options.deterministic and options.autotune.enabled is False
        assert options.experimental_distribute.auto_shard_policy == tf.data.experimental.AutoShardPolicy.OFF


def operations(function_definitions):
    return {node.op for definition in function_definitions for node in definition.node_def}


@pytest.mark.parametrize("packed", [False, True])
def test_no_python_in_the_graph(folder, tmp_path, packed):
    photos = find_photos(folder, sketch=True)
    if packed:
        write_tfrecords(photos, tmp_path / "records")
        photos = find_photos(tmp_path / "records", sketch=True)

    @tf.function
    def count_examples():
        return training_examples(photos, SIZE, 2).take(3).reduce(0, lambda count, _: count + 1)

    graph = count_examples.get_concrete_function().graph.as_graph_def()
    used = operations(graph.library.function)
    assert "DecodeAndCropJpeg" in used  # The pipeline's functions are all there.
    assert not [op for op in used if "PyFunc" in op]


@pytest.mark.parametrize(
    "arguments",
    [{"size": 0}, {"fit": "pad"}, {"batch_size": 0}, {"start": -1}, {"shard": (2, 2)}],
    ids=lambda arguments: "-".join(arguments),
)
def test_arguments_out_of_range(photos, arguments):
    with pytest.raises(InputError):
        training_examples(photos, **{"size": SIZE, **arguments})


# Windows, flips and formats.


def corner_and_direction(example):
    """Top and left of a window at its own scale, and whether it is mirrored."""
    image = levels(example["image"])
    columns, rows = image[0, :, 1], image[:, 0, 2]
    assert (np.diff(rows) == 1).all() and abs(np.diff(columns)).max() == 1
    return rows[0], min(columns), columns[0] > columns[-1]


def test_crops_are_anywhere_and_flips_every_other(stream):
    tops, lefts, mirrored = zip(*[corner_and_direction(example) for example in stream])
    assert set(tops) == set(range(24 - SIZE + 1)) and set(lefts) == set(range(32 - SIZE + 1))
    assert 0.4 < np.mean(mirrored) < 0.6
    for one, other in itertools.combinations((tops, lefts, mirrored), 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_no_flips_when_off(photos, stream):
    for example, other in zip(take(training_examples(photos, SIZE, flip=False), 40), stream):
        assert not corner_and_direction(example)[2]
        mirrored = corner_and_direction(other)[2]
        np.testing.assert_array_equal(example["image"], other["image"][:, ::-1] if mirrored else other["image"])


def test_validation_takes_the_middle(photos):
    examples = list(validation_examples(photos, SIZE))
    assert numbers(examples) == list(range(COUNT))
    for number, example in enumerate(examples):
        assert example["index"] == number
        assert corner_and_direction(example) == ((24 - SIZE) // 2, (32 - SIZE) // 2, False)


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_crop_shows_a_square_of_the_photo(tmp_path, extension):
    sizes = [(8, 12, 8), (12, 8, 8), (16, 40, 16), (31, 40, 16), (80, 64, 32)]  # Height, width, side of the window.
    for number, (height, width, _) in enumerate(sizes):
        Image.fromarray(draw_photo(20 * number, height, width)).save(tmp_path / f"{number}.{extension}", quality=100)
    examples = take(training_examples(find_photos(tmp_path), SIZE, flip=False), 6 * len(sizes))
    for number, example in zip(numbers(examples), examples):
        height, width, side = sizes[round(number / 20)]
        image = levels(example["image"])
        for channel, extent, axis in ((1, width, 1), (2, height, 0)):
            step = (image.take(-3, axis)[..., channel].mean() - image.take(2, axis)[..., channel].mean()) / (SIZE - 5)
            assert step == pytest.approx(side / SIZE, rel=0.2)
            assert -2 <= image[..., channel].min() and image[..., channel].max() <= extent + 1


def test_scale_shows_between_all_and_two_thirds_of_the_short_side(tmp_path):
    Image.fromarray(draw_photo(0, 96, 128)).save(tmp_path / "0.png")
    sides = []
    for example in take(training_examples(find_photos(tmp_path), SIZE, fit="scale", flip=False), 60):
        rows = levels(example["image"])[..., 2]
        sides.append((rows[-3].mean() - rows[2].mean()) / (SIZE - 5) * SIZE)
    assert 62 < min(sides) < 68 and 92 < max(sides) < 98, (min(sides), max(sides))


def test_resize_shows_the_whole_photo(photos):
    for example in take(training_examples(photos, SIZE, fit="resize", flip=False), 5):
        image = levels(example["image"])
        assert image[0, 0, 1] <= 2 and image[0, -1, 1] >= 29 and image[0, 0, 2] <= 1 and image[-1, 0, 2] >= 22


def test_formats_and_channels(tmp_path):
    gray = np.arange(SIZE * SIZE, dtype=np.uint8).reshape(SIZE, SIZE)
    color = np.random.default_rng(0).integers(0, 256, [SIZE, SIZE, 3], np.uint8)
    alpha = np.random.default_rng(1).integers(0, 256, [SIZE, SIZE, 1], np.uint8)
    save(tmp_path / "a_gray.png", gray)
    save(tmp_path / "b_gray.bmp", gray)
    save(tmp_path / "c_color.bmp", color)
    save(tmp_path / "d_alpha.png", np.concatenate([color, alpha], axis=-1))
    save(tmp_path / "e_alpha.bmp", np.concatenate([color, alpha], axis=-1))
    deep = color.astype(np.uint16) * 256 + 77
    (tmp_path / "f_16_bits.png").write_bytes(tf.io.encode_png(deep).numpy())
    save(tmp_path / "g_gray_alpha.png", np.dstack([gray, alpha[..., 0]]))
    (tmp_path / "h_gray_16_bits.png").write_bytes(tf.io.encode_png(deep[..., :1]).numpy())
    decoded = [levels(example["image"]) for example in validation_examples(find_photos(tmp_path), SIZE)]
    expected = [np.dstack([gray] * 3)] * 2 + [color] * 4 + [np.dstack([gray] * 3), np.dstack([color[..., 0]] * 3)]
    assert len(decoded) == len(expected)
    for image, array in zip(decoded, expected):
        np.testing.assert_array_equal(image, array)
    Image.fromarray(gray).save(tmp_path / "gray.jpg", quality=100)
    Image.fromarray(color).convert("CMYK").save(tmp_path / "print.jpg", quality=100)
    assert len(find_photos(f"{tmp_path}/*.jpg")) == 2


def test_exif_orientation(tmp_path):
    paths = []
    for orientation, byte_order in itertools.product(range(1, 9), "<>"):
        exif = Image.Exif()
        exif.endian = byte_order
        exif[271] = "A maker"
        exif[274] = orientation
        paths.append(tmp_path / f"{orientation}{byte_order}.jpg")
        Image.fromarray(draw_photo(7, 24, 40) * 5).save(paths[-1], quality=100, exif=exif)
    examples = take(validation_examples(find_photos(tmp_path), SIZE), len(paths) + 1)
    for path, example in zip(sorted(paths), examples):
        with Image.open(path) as image:
            upright = np.asarray(ImageOps.exif_transpose(image)).astype(int)
        decoded = decode(tf.constant(path.read_bytes())).numpy().astype(int)
        assert decoded.shape == upright.shape and abs(decoded - upright).max() < 12
        top, left = (upright.shape[0] - SIZE) // 2, (upright.shape[1] - SIZE) // 2
        np.testing.assert_allclose(levels(example["image"]), upright[top : top + SIZE, left : left + SIZE], atol=24)


# Sketches.


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_photo_comes_upright_as_it_is_read_elsewhere(orientation):
    files = turned_files(orientation)
    for kind in ("jpeg", "jpeg_icc_first", "jpeg_comment_first", "png", "png_exif_last"):
        assert int(exif_orientation(tf.constant(files[kind]))) == orientation, kind
        levels = decode(tf.constant(files[kind])).numpy()
        read = decode_photo(files[kind], kind).array
        assert levels.shape == read.shape and np.abs(levels.astype(int) - read).max() <= 2, kind


def test_orientation_of_files_cut_short_or_damaged():
    file = turned_files(6)["jpeg_icc_first"]
    for cut in range(0, 600, 7):
        assert int(exif_orientation(tf.constant(file[:cut]))) in (1, 6)
    rng = np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(file)
        for place in rng.integers(2, 500, 3):
            damaged[place] = rng.integers(256)
        assert 1 <= int(exif_orientation(tf.constant(bytes(damaged)))) <= 8


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_colours_of_a_bmp(mode):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)).convert(mode)
    np.testing.assert_array_equal(decode(tf.constant(file_of(image, "BMP"))), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("fit", ["crop", "scale", "resize"])
def test_sketch_goes_through_what_its_photo_goes_through(tmp_path, fit):
    sizes = [(24, 32), (10, 12), (80, 90)]
    for number, (height, width) in enumerate(sizes):
        lines = np.zeros([height, width], np.uint8)
        lines[height // 3 : height // 2, width // 4 : width // 2] = 255
        save(tmp_path / f"{number}.png", np.dstack([np.full_like(lines, 20 * number), lines, lines]))
        save(tmp_path / f"{number}_edge.png", lines)
    shown = 0
    examples = take(training_examples(find_photos(tmp_path, sketch=True), SIZE, fit=fit), 36)
    for number, example in zip(numbers(examples), examples):
        bright = example["image"][..., 1:2] > 0
        shown += bright.any()
        # Resized, the edge of the area moves by one pixel at the most.
        around = tf.nn.max_pool2d(np.float32(bright)[np.newaxis], 3, 1, "SAME")[0].numpy() > 0
        inside = -tf.nn.max_pool2d(-np.float32(bright)[np.newaxis], 3, 1, "SAME")[0].numpy() > 0
        sketch = example["sketch"] > 0
        assert (sketch <= around).all() and (sketch >= inside).all()
        if fit == "crop" and sizes[number // 20] == (24, 32):  # Not resized.
            np.testing.assert_array_equal(sketch, bright)
    assert shown > 18


def test_edge_files_are_thresholded_and_others_drawn(tmp_path):
    photo = draw_photo(5, SIZE, SIZE)
    photo[:, SIZE // 2 :] += 200
    save(tmp_path / "1.png", photo)
    save(tmp_path / "2.png", photo)
    gray = np.full([SIZE, SIZE], 153, np.uint8)
    gray[3] = 154  # 0.6 of white is 153.
    Image.fromarray(gray).save(tmp_path / "2_edge.bmp")
    drawn, thresholded = (example["sketch"] for example in take(validation_examples(find_photos(tmp_path, sketch=True), SIZE), 2))
    assert drawn[:, SIZE // 2 - 1 : SIZE // 2 + 1].sum() == SIZE == drawn.sum()
    np.testing.assert_array_equal(thresholded[..., 0], gray == 154)


def test_edges_of_another_size_or_damaged_spoil_the_photo(folder, log):
    save(folder / "1_edge.png", np.zeros([5, 6], np.uint8))
    (folder / "2_edge.png").write_bytes(b"rubbish")
    photos = find_photos(folder, sketch=True, max_bad_fraction=0.5)
    assert photos.skipped == (str(folder / "1.png"), str(folder / "2.png"))
    assert any("differ in size" in line for line in log)
    assert len(find_photos(folder)) == COUNT


def test_list_files_find_edges_too(folder, tmp_path):
    edge = np.zeros([24, 32], np.uint8)
    edge[12] = 255
    save(folder / "3_edge.png", edge)
    (tmp_path / "list.flist").write_text("photos/3.png\nphotos/3_edge.png\nphotos/4.png\n")
    first, second = take(validation_examples(find_photos(tmp_path / "list.flist", sketch=True), SIZE), 3)
    assert first["sketch"].sum() == SIZE and second["sketch"].sum() == 0


def test_folders_of_folders_keep_their_own_edges(tmp_path):
    for folder in ("a", "b"):
        save(tmp_path / folder / "1.png", draw_photo(0, SIZE, SIZE))
    lines = np.zeros([SIZE, SIZE], np.uint8)
    lines[4] = 255
    save(tmp_path / "b" / "1_edge.png", lines)
    first, second = take(validation_examples(find_photos(tmp_path, sketch=True), SIZE), 2)
    assert first["sketch"].sum() == 0 and second["sketch"].sum() == SIZE
