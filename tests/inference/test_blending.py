"""Seams: what is known stays; jumps go."""

import numpy as np
import pytest
from conftest import DATA

from gated_inpaint import InputError
from gated_inpaint.inference import Inpainter
from gated_inpaint.inference.blending import FEATHER, TOLERANCE, blended


def case(dtype=np.uint8, channels=3, jump=30):
    """A smooth photo, and a hole in which everything is darker by a jump."""
    rows, columns = np.mgrid[:90, :120]
    scale = np.iinfo(dtype).max // 255
    image = np.repeat((80 + 0.5 * rows + 0.4 * columns)[..., np.newaxis], channels, axis=-1)
    hole = (rows - 45) ** 2 + (columns - 70) ** 2 < 30**2
    hole[:20, :10] = True  # At the picture's border, too.
    completed = np.where(hole[..., np.newaxis], image - jump, image)
    return (scale * image).astype(dtype), (scale * completed).astype(dtype), hole


@pytest.mark.parametrize("how", ["feather", "poisson"])
@pytest.mark.parametrize("dtype, channels", [(np.uint8, 3), (np.uint16, 1), (np.uint8, 4)])
def test_jumps_go_and_what_is_known_stays(how, dtype, channels):
    image, completed, hole = case(dtype, channels)
    if channels == 4:
        completed[..., 3] = 255
    made = blended(how, image, completed, hole)
    assert made.dtype == dtype and (made[~hole] == completed[~hole]).all()
    scale = np.iinfo(dtype).max // 255
    rest = np.abs(made.astype(int) - image)[..., : min(channels, 3)] / scale
    if channels == 4:
        assert (made[..., 3] == 255).all()
    edge = hole & ~np.pad(hole, 1, "edge")[2:, 1:-1]
    assert rest[edge].max() < 4
    # All of a jump that is the same everywhere, or its part near the border.
    assert rest[hole].max() < 3 if how == "poisson" else abs(rest[45, 70].max() - 30) < 2 and FEATHER < 28


def test_a_membrane_is_the_solution_of_its_equations():
    rng = np.random.default_rng(0)
    hole = rng.random((40, 50)) < 0.7
    image, completed = rng.integers(100, 156, (2, 40, 50, 1), np.uint8)
    made = blended("poisson", 255 * image.astype(np.uint16), 255 * completed.astype(np.uint16), hole)[..., 0] / 255.0
    number = np.cumsum(hole).reshape(hole.shape) - 1
    matrix, wanted = np.zeros((hole.sum(), hole.sum())), np.zeros(hole.sum())
    for y, x in np.argwhere(hole):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not (0 <= v < 40 and 0 <= u < 50):
                continue
            here = number[y, x]
            matrix[here, here] += 1
            if hole[v, u]:
                matrix[here, number[v, u]] -= 1
            else:
                wanted[here] += float(image[v, u, 0]) - completed[y, x, 0]
    added = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    expected = np.clip(completed[..., 0].astype(float)[hole] + added, 0, 257)
    np.testing.assert_allclose(made[hole], expected, atol=20 * TOLERANCE)


def test_inpainters_blend_where_they_are_asked_to():
    image, _, hole = case()
    plain, made = (Inpainter(DATA / "generator", eager=True, blend=how)(image, hole) for how in ("none", "poisson"))
    assert (made[~hole] == image[~hole]).all() and (made == blended("poisson", image, plain, hole)).all() and (made != plain).any()
    with pytest.raises(InputError, match="none, feather, poisson, not a"):
        Inpainter(DATA / "generator", blend="a")
