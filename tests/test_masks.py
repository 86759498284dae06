"""Masks follow the release's distribution, whatever way and in whatever size they are drawn."""

import functools
import math

import numpy as np
import pytest
import tensorflow as tf
from mask_cases import mask_files
from PIL import Image

from gated_inpaint import masks
from gated_inpaint.errors import InputError

NUMBER = 4000
DRAWN = ("strokes", "rectangle", "union")
WITH_BOX = ("box", "rectangle_in_box", "inner_centre", "inner_box")
RELEASED = {"strokes": "stroke_hole_ratio", "rectangle": "box_hole_ratio", "union": "union_hole_ratio"}  # In mask_statistics.npz.


def seeds(number, second=2024):
    return tf.stack([tf.range(number), tf.fill([number], second)], axis=-1)


def dataset(kind, number, height=256, width=256):
    function = masks.mask_function(kind)
    all_seeds = tf.data.Dataset.from_tensor_slices(seeds(number))
    return all_seeds.map(lambda seed: function(seed, height, width), tf.data.AUTOTUNE)


def drawn_strokes(number):
    """Vertices [number, strokes, segments + 1, 2] and radii [number, strokes] of stroke masks."""
    draw = functools.partial(masks._draw_strokes, height=256, width=256)
    return tf.function(lambda: tf.map_fn(draw, seeds(number), fn_output_signature=(tf.float32, tf.float32)))()


def kolmogorov_smirnov(first, second):
    """The probability that two samples of one distribution differ by at least as much (asymptotic, as in Numerical Recipes)."""
    values = np.concatenate([first, second])
    below = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (first, second)]
    size = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    scaled = np.abs(below[0] - below[1]).max() * (size + 0.12 + 0.11 / size)
    terms = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * (terms * scaled) ** 2)), 0, 1))


@pytest.fixture(scope="module", params=DRAWN)
def sample(request):
    """4,000 masks of a kind: its name, their hole ratios, and their mean map."""
    total, ratios = 0, []
    for batch in dataset(request.param, NUMBER).batch(200):
        total += tf.reduce_sum(batch, axis=0).numpy()[..., 0]
        ratios.append(tf.reduce_mean(batch, axis=[1, 2, 3]).numpy())
    return request.param, np.concatenate(ratios), total / NUMBER


def test_hole_ratios_are_those_of_the_release(sample, data):
    kind, ratios, _ = sample
    released = np.load(data / "mask_statistics.npz")[RELEASED[kind]]
    assert released.shape == (NUMBER,)
    assert kolmogorov_smirnov(ratios, released) > 0.01
    # The test can tell: it would not pass with holes a tenth larger.
    assert kolmogorov_smirnov(ratios * 1.1, released) < 0.01


def test_every_quarter_of_the_picture_is_masked_alike(sample):
    # The release's strokes lean to one side; the flips are what evens that out.
    _, ratios, mean_map = sample
    quarters = mean_map.reshape(2, 128, 2, 128).mean(axis=(1, 3))
    np.testing.assert_allclose(quarters, ratios.mean(), rtol=0.06)


@pytest.mark.parametrize("size", [(128, 128), (512, 512), (192, 320)])
@pytest.mark.parametrize("kind", DRAWN)
def test_hole_ratio_does_not_depend_on_the_size(kind, size):
    means = [np.mean([mask.mean() for mask in dataset(kind, 200, *shape).as_numpy_iterator()]) for shape in (size, (256, 256))]
    assert means[0] == pytest.approx(means[1], rel=0.1)


def test_strokes_are_flipped_both_ways_independently():
    vertices, _ = drawn_strokes(1000)
    steps = np.diff(vertices, axis=2)
    # Unflipped, strokes go to the right and begin upwards.
    to_the_right, up = steps[..., 0].sum(axis=(1, 2)) > 0, steps[:, :, 0, 1].sum(axis=1) < 0
    counts = np.histogram2d(to_the_right, up, bins=2)[0]
    assert counts.min() > 200 and counts.max() < 300  # Of 250 each on average.
    # All strokes of a mask are flipped together: none begins the other way.
    assert ((steps[:, :, 0, 1] <= 0).all(axis=1) == up).all() and ((steps[:, :, 0, 1] >= 0).all(axis=1) == ~up).all()


def test_strokes_and_segments_in_number():
    vertices, radius = (tensor.numpy() for tensor in drawn_strokes(1000))
    there = radius > 0
    assert set(there.sum(axis=1)) == {1, 2, 3}
    assert set(radius[there]) == {thickness / 2 for thickness in range(12, 40)}
    assert vertices.min() >= 0 and vertices.max() <= 256
    # A stroke of fewer segments stays at its last vertex. (Few stay at one before: in a corner, or by a length of zero.)
    moves = (np.diff(vertices, axis=2) != 0).any(axis=-1)
    segments = moves.shape[2] - np.argmax(moves[..., ::-1], axis=2)
    assert segments.max() == 11 and (segments < 4).mean() < 0.02
    np.testing.assert_allclose(np.bincount(segments.ravel())[4:] / segments.size, 1 / 8, atol=0.03)
    # The strokes of a mask are independent of each other. (Flips move their starts together, so the distance to the middle counts.)
    starts = np.abs(vertices[:, :, 0] - 128)
    for quantity in (radius, segments, starts[..., 0], starts[..., 1]):
        first, second, _ = quantity[there.all(axis=1)].T
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.2


def test_scratches_are_thin_and_go_any_way():
    turns = tf.constant([[0.0], [math.pi / 2], [math.pi]])
    vertices, radius = masks._draw_strokes([3, 4], 512, 512, masks.THINNEST_SCRATCH, masks.THICKEST_SCRATCH, turns)
    assert np.all((radius < 0) | ((radius >= 4) & (radius <= 16)))  # Twice the size, half the thickness.
    across, down = np.abs(np.diff(vertices, axis=1)).sum(axis=1).T
    assert across[0] < down[0] and across[1] > down[1] and across[2] < down[2]  # Strokes lean by some 72 degrees, then turn.
    ratios = np.array([mask.mean() for mask in dataset("scratches", 300).as_numpy_iterator()])
    assert 0.02 < ratios.mean() < 0.08


def test_mixed_masks_are_thick_or_thin():
    drawn = [masks._split(seed, 2)[1] for seed in seeds(60)]
    made = [mask.tobytes() for mask in dataset("mixed", 60, 64, 64).as_numpy_iterator()]
    of_kind = {
        kind: [masks.KINDS[kind](seed, 64, 64).numpy().tobytes() == mask for seed, mask in zip(drawn, made)]
        for kind in ("union", "scratches")
    }
    assert np.all(np.add(*of_kind.values()) == 1) and 20 < sum(of_kind["union"]) < 40


def test_thick_segments_are_all_pixels_within_the_radius():
    rng = np.random.default_rng(0)
    height, width = 72, 105
    radius = np.array([9.0, 4.5, 0.7], np.float32)
    for _ in range(5):
        vertices = rng.uniform(0, [width, height], (3, 12, 2)).astype(np.float32)
        vertices[0, 1:4] = vertices[0, 0] + [[20, 0], [20, 0], [20, 30]]  # Level, of no length, upright.
        vertices[1, :4] = [[0, 0], [width, 0], [width, height], [width, height - 1e-4]]  # Along the border.
        start, end = (part.reshape(-1, 1, 1, 2) for part in (vertices[:, :-1], vertices[:, 1:]))
        pixel = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), axis=-1)
        along = ((pixel - start) * (end - start)).sum(-1) / np.maximum(((end - start) ** 2).sum(-1), 1e-12)
        distance = np.linalg.norm(pixel - start - np.clip(along, 0, 1)[..., np.newaxis] * (end - start), axis=-1)
        outside = (distance - np.repeat(radius, 11)[:, np.newaxis, np.newaxis]).min(axis=0)
        drawn = masks._rasterise(tf.constant(vertices), tf.constant(radius), height, width).numpy()[..., 0]
        clear = np.abs(outside) > 0.01  # Elsewhere rounding decides.
        assert clear.mean() > 0.95
        np.testing.assert_array_equal(drawn[clear], (outside < 0)[clear])
    nothing = masks._rasterise(tf.constant(vertices), tf.constant([-1.0, -1.0, -1.0]), height, width)
    assert not nothing.numpy().any()


def test_rectangles():
    corners, sides = [], []
    for mask in dataset("rectangle", 400).as_numpy_iterator():
        rows, columns = (np.flatnonzero(mask[..., 0].any(axis=axis)) for axis in (1, 0))
        assert mask.sum() == len(rows) * len(columns) == (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        corners.append((rows[0], columns[0]))
        sides.append((len(rows), len(columns)))
    corners, sides = np.array(corners), np.array(sides)
    assert set(sides.ravel()) == set(range(96, 129, 2))
    assert (corners.min(axis=0) < 12).all() and ((corners + sides).max(axis=0) > 244).all()
    for numbers in (corners, sides):
        assert abs(np.corrcoef(numbers.T)[0, 1]) < 0.15  # Height and width are independent.


def test_the_union_is_strokes_and_a_rectangle():
    ratios = {kind: np.array([mask.mean() for mask in dataset(kind, 300).as_numpy_iterator()]) for kind in DRAWN}
    mean = {kind: ratio.mean() for kind, ratio in ratios.items()}
    assert max(mean["strokes"], mean["rectangle"]) < mean["union"] < mean["strokes"] + mean["rectangle"]
    # A union is never less than its rectangle, and no rectangle is smaller than 96x96.
    assert ratios["union"].min() >= 96**2 / 256**2


@pytest.mark.parametrize("size", [(256, 256), (128, 192), (250, 131)])
def test_centre(size):
    height, width = size
    mask = masks.centre([1, 2], height, width).numpy()
    top, left = (height - height // 2) // 2, (width - width // 2) // 2
    expected = np.zeros([height, width, 1], np.float32)
    expected[top : top + height // 2, left : left + width // 2] = 1
    np.testing.assert_array_equal(mask, expected)
    if size == (256, 256):
        assert (top, left) == (64, 64)


@pytest.mark.parametrize("kind", masks.KINDS)
@pytest.mark.parametrize("size", [(48, 104), (37, 50)])
def test_values_and_static_shapes(kind, size):
    made = masks.mask_function(kind)
    function = (lambda *arguments: made(*arguments)[0]) if kind in WITH_BOX else made
    for seed, shape in (((3, 4), [*size, 1]), (seeds(3), [3, *size, 1])):
        mask = function(seed, *size)
        assert mask.dtype == tf.float32 and mask.shape == shape
        assert set(np.unique(mask)) == {0, 1}
    graph = tf.function(lambda seed: function(seed, *size))
    assert graph.get_concrete_function(tf.TensorSpec([2], tf.int64)).output_shapes == [*size, 1]
    assert graph.get_concrete_function(tf.TensorSpec([None, 2], tf.int32)).output_shapes.as_list() == [None, *size, 1]


@pytest.mark.parametrize("kind", ["mixed", "rectangle", "islands", "blocks", "borders"])
def test_a_seed_is_a_mask(kind):
    function = masks.mask_function(kind)
    alone = np.stack([function(seed, 96, 128) for seed in seeds(6)])
    np.testing.assert_array_equal(alone[:2], np.stack([function(seed, 96, 128) for seed in seeds(2)]))
    np.testing.assert_array_equal(alone, function(seeds(6), 96, 128))
    np.testing.assert_array_equal(alone, tf.function(lambda seed: function(seed, 96, 128))(seeds(6)))
    np.testing.assert_array_equal(alone, list(dataset(kind, 6, 96, 128).as_numpy_iterator()))
    batches = dataset(kind, 6, 96, 128).batch(4)
    np.testing.assert_array_equal(alone, np.concatenate(list(batches.as_numpy_iterator())))
    assert len({mask.tobytes() for mask in alone}) == 6
    other = function(seeds(6, second=2025), 96, 128).numpy()
    assert not any((mask == another).all() for mask, another in zip(alone, other))


@pytest.mark.parametrize("kind", ["mixed", "rectangle", "islands", "blocks", "borders"])
def test_compiles_with_xla(kind):
    function = masks.mask_function(kind)
    compiled = tf.function(lambda seed: function(seed, 256, 192), jit_compile=True)
    assert np.mean(compiled(seeds(30)) != function(seeds(30), 256, 192)) < 1e-4


@pytest.mark.parametrize("kind", masks.KINDS)
def test_is_tensorflow_alone(kind):
    function = tf.function(lambda seed: masks.mask_function(kind)(seed, 64, 64))
    for spec in (tf.TensorSpec([2], tf.int64), tf.TensorSpec([None, 2], tf.int64)):
        graph = function.get_concrete_function(spec).graph.as_graph_def()
        operations = {node.op for nodes in (graph.node, *(inner.node_def for inner in graph.library.function)) for node in nodes}
        assert not [name for name in operations if "Py" in name]
        # Every random operation is a stateless one.
        assert not [name for name in operations if "Random" in name and not name.startswith("Stateless")]


def test_boxes_and_their_holes():
    """At the released size: corners from 0 to 127, and 0 to 16 rows less at both ends, and columns."""
    made, boxes = masks.box(seeds(600), 256, 256)
    assert boxes.dtype == tf.int32 and boxes.shape == (600, 2, 2)
    np.testing.assert_array_equal(boxes[:, 1] - boxes[:, 0], 128)
    corners, margins = boxes[:, 0].numpy(), []
    for mask, (begin, end) in zip(made.numpy()[..., 0], boxes.numpy()):
        rows, columns = np.nonzero(mask)
        assert mask.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        before = np.array([rows.min(), columns.min()]) - begin
        np.testing.assert_array_equal(end - [rows.max() + 1, columns.max() + 1], before)
        margins.append(before)
    margins = np.array(margins)
    assert corners.min() == 0 and corners.max() == 127 and set(margins.ravel()) == set(range(17))
    for drawn, most in ((corners, 127), (margins, 16)):
        np.testing.assert_allclose(drawn.mean(axis=0), most / 2, rtol=0.1)
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15
    alone = [masks.box(seed, 256, 256) for seed in seeds(3)]
    np.testing.assert_array_equal([mask for mask, _ in alone], made[:3])
    np.testing.assert_array_equal([box for _, box in alone], boxes[:3])
    assert (masks.box(seeds(50), 37, 50)[1].numpy()[:, 1] <= [36, 49]).all()


def test_rectangles_in_boxes():
    """At 256: sides of 96 to 128, anywhere, in a box of 128 whose middle is theirs unless that leaves the picture."""
    made, boxes = masks.rectangle_in_box(seeds(900), 256, 256)
    assert boxes.dtype == tf.int32 and boxes.shape == (900, 2, 2)
    corners, sides = [], []
    for mask, (begin, end) in zip(made.numpy()[..., 0], boxes.numpy()):
        rows, columns = np.nonzero(mask)
        corner, side = np.array([rows.min(), columns.min()]), np.array([np.ptp(rows), np.ptp(columns)]) + 1
        assert mask.sum() == side.prod()
        np.testing.assert_array_equal(end - begin, 128)
        np.testing.assert_array_equal(begin, np.clip(corner + side // 2 - 64, 0, 128))
        corners.append(corner / (256 - side))
        sides.append(side)
    corners, sides = np.array(corners), np.array(sides)
    assert set(sides.ravel()) == set(range(96, 129))
    assert (corners.min(axis=0) == 0).all() and (corners.max(axis=0) == 1).all()
    np.testing.assert_allclose(sides.mean(axis=0), 112, atol=1)
    np.testing.assert_allclose(corners.mean(axis=0), 0.5, atol=0.03)
    for drawn in (corners, sides):
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15
    for height, width in ((37, 50), (24, 24)):  # The hole lies in its box at odd sizes too.
        made, boxes = masks.rectangle_in_box(seeds(60), height, width)
        for mask, (begin, end) in zip(made.numpy()[..., 0], boxes.numpy()):
            assert mask[begin[0] : end[0], begin[1] : end[1]].sum() == mask.sum() > 0 and (end <= [height, width]).all()


def test_inner_boxes():
    """Half the picture less 4 pixels at each end: [68, 188) of 256, [36, 92) of 128; or anywhere but for the outermost 4."""
    for size, begin, end in ((256, 68, 188), (128, 36, 92)):
        mask, box = masks.inner_centre((0, 0), size, size)
        np.testing.assert_array_equal(box, [[begin, begin], [end, end]])
        expected = np.zeros([size, size], np.float32)
        expected[begin:end, begin:end] = 1
        np.testing.assert_array_equal(mask[..., 0], expected)
    made, boxes = masks.inner_box(seeds(600), 256, 256)
    np.testing.assert_array_equal(boxes[:, 1] - boxes[:, 0], 120)
    corners = boxes[:, 0].numpy()
    assert (corners.min(axis=0) == 4).all() and (corners.max(axis=0) == 131).all()
    assert abs(np.corrcoef(corners.T)[0, 1]) < 0.15
    for mask, (begin, end) in zip(made.numpy()[..., 0], boxes.numpy()):
        assert mask[begin[0] : end[0], begin[1] : end[1]].sum() == mask.sum() == 120**2


def test_islands_have_their_share_and_their_size():
    made = masks.islands(seeds(300), 128, 192).numpy()[..., 0]
    shares = made.mean(axis=(1, 2))
    assert 0.2 <= shares.min() < 0.21 and 0.29 < shares.max() <= 0.3
    np.testing.assert_allclose(shares.mean(), 0.25, atol=0.01)
    # Everywhere alike, whatever the grid of the noise; alike within a cell of 350/21 pixels, and independent three cells on.
    np.testing.assert_allclose(made.mean(axis=0), 0.25, atol=0.12)
    pixels = made.reshape(len(made), -1) - shares[:, np.newaxis]
    for apart, least, most in ((4, 0.65, 0.9), (17, 0.0, 0.25), (50, -0.1, 0.05)):
        moved = (made[:, :, apart:] - shares[:, np.newaxis, np.newaxis]) * (made[:, :, :-apart] - shares[:, np.newaxis, np.newaxis])
        assert least < moved.mean() / (pixels**2).mean() < most, apart


def test_blocks_are_rectangles_of_a_quarter_of_the_picture_at_most():
    made = masks.blocks(seeds(300), 128, 96).numpy()[..., 0]
    shares = made.mean(axis=(1, 2))
    assert 0 < shares.min() < 0.03 and 0.24 < shares.max() <= 0.25
    count = [len(set(np.flatnonzero(np.diff(mask, axis=0, prepend=0).any(axis=1)))) for mask in made]
    assert min(count) >= 1 and np.mean(np.array(count) > 4) > 0.3  # Upper and lower sides: most masks have several blocks.
    assert made.any(axis=(0, 2)).all() and made.any(axis=(0, 1)).all()


@pytest.fixture
def folder(tmp_path):
    """Mask files of 6x4 pixels: each has another column white, in another way of writing a file."""

    def save(name, column, mode, white, black):
        image = Image.new(mode, (6, 4), black)
        image.paste(white, (column, 0, column + 1, 4))
        image.save(tmp_path / name)

    save("gray.png", 0, "L", 15, 0)
    save("colour.PNG", 1, "RGB", (0, 255, 0), (0, 0, 0))
    save("transparent.png", 2, "RGBA", (255, 255, 255, 255), (255, 255, 255, 0))
    save("bilevel.png", 3, "1", 1, 0)
    save("gray_and_alpha.png", 4, "LA", (0, 255), (0, 0))
    Image.new("L", (8, 8), 255).save(tmp_path / "photo.jpg")
    (tmp_path / "notes.txt").write_text("not a mask")
    (tmp_path / ".hidden.png").write_text("not a mask")
    return tmp_path


def test_folder(folder):
    function = masks.mask_function(str(folder))
    drawn = function(seeds(300), 4, 6).numpy()
    assert drawn.shape == (300, 4, 6, 1) and drawn.dtype == np.float32
    found = {mask[..., 0].tobytes(): mask[..., 0] for mask in drawn}
    expected = [np.tile(np.eye(6, dtype=np.float32)[column], (4, 1)) for column in range(5)] + [np.ones([4, 6], np.float32)]
    assert set(found) == {mask.tobytes() for mask in expected}
    counts = [sum((mask[..., 0] == each).all() for mask in drawn) for each in expected]
    assert min(counts) > 25  # Of 50 each on average.


def test_folder_masks_mean_what_their_makers_mean(tmp_path):
    files = {name: case for name, case in mask_files().items() if case[1] is not None}
    for name, (data, _) in files.items():
        (tmp_path / name).write_bytes(data)
    for data, name in zip(masks.holes_of_folder(tmp_path), sorted(files)):
        np.testing.assert_array_equal(tf.io.decode_png(data)[..., 0] > 0, files[name][1], err_msg=name)
    for name, (data, hole) in mask_files().items():
        if hole is None:
            (tmp_path / name).write_bytes(data)
            with pytest.raises(InputError, match=f"{name} is no mask"):
                masks.from_folder(tmp_path)
            (tmp_path / name).unlink()


def test_folder_masks_depend_on_the_seed_alone(folder):
    function = masks.from_folder(folder)
    drawn = function(seeds(30), 12, 18).numpy()
    np.testing.assert_array_equal(drawn, np.stack([function(seed, 12, 18) for seed in seeds(30)]))
    batches = dataset(folder, 30, 12, 18)
    assert batches.element_spec.shape == [12, 18, 1]
    np.testing.assert_array_equal(drawn, list(batches.as_numpy_iterator()))
    # Resized by repetition: nothing between black and white.
    np.testing.assert_array_equal(drawn, np.repeat(np.repeat(function(seeds(30), 4, 6), 3, axis=1), 3, axis=2))


def test_folder_errors(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(InputError, match="no folder .*missing"):
        masks.from_folder(empty / "missing")
    with pytest.raises(InputError, match="holds no masks"):
        masks.from_folder(empty)
    (empty / "notes.txt").write_text("not a mask")
    with pytest.raises(InputError, match="holds no masks"):
        masks.mask_function(empty)
    for name, content in (("cut.png", (folder / "gray.png").read_bytes()[:50]), ("text.jpg", b"not a mask")):
        (folder / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is (damaged|not an image)"):
            masks.from_folder(folder)
        (folder / name).unlink()


def test_kinds_by_name():
    assert masks.mask_function("union") is masks.union and masks.mask_function("centre") is masks.centre
    with pytest.raises(InputError, match="'unions' are neither .*strokes, rectangle, union, .*box, .*centre.* nor a folder"):
        masks.mask_function("unions")


def test_borders_are_strips_along_one_to_four_sides():
    height, width = 64, 96
    made = masks.borders(seeds(300), height, width).numpy()[..., 0] > 0
    known = ~made
    assert made.any(axis=(1, 2)).all() and known.any(axis=(1, 2)).all()
    sides = set()
    for one in known:
        rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
        assert one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()  # What is known is a rectangle.
        depths = rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1]
        for depth, side in zip(depths, (height, width, height, width)):
            assert depth == 0 or side // 16 <= depth <= side // 4
        sides.add(tuple(depth > 0 for depth in depths))
    assert len(sides) == 15  # All choices but none.
