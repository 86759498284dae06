"""Intervals against SciPy's and a draw spelled out; agreement against its author's example."""

import numpy as np
import pytest
from scipy import stats

from gated_inpaint.study.statistics import bootstrap_means, krippendorff_alpha, percentile_interval, wilson_interval

_ = np.nan
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C: 4 observers, 12 units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)


@pytest.mark.parametrize("successes,total", [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (481, 1000)])
def test_wilson_interval_is_that_of_scipy(successes, total):
    expected = stats.binomtest(successes, total).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(successes, total), (expected.low, expected.high), atol=1e-12)


@pytest.mark.parametrize("difference,expected", [("nominal", 0.743), ("interval", 0.849)])
def test_alpha_of_the_published_example(difference, expected):
    assert round(krippendorff_alpha(PUBLISHED, difference), 3) == expected


def test_alpha_at_its_ends():
    assert krippendorff_alpha(np.array([[1.0, 5, 9], [1, 5, 9]]), "interval") == 1
    assert np.isnan(krippendorff_alpha(np.array([[1.0, _], [_, 5]]), "interval"))
    assert np.isnan(krippendorff_alpha(np.array([[4.0, 4], [4, 4]]), "nominal"))
    chance = np.random.default_rng(0).integers(1, 11, (5, 4000)).astype(float)
    assert abs(krippendorff_alpha(chance, "interval")) < 0.02


def test_bootstrap_is_the_mean_of_what_was_drawn():
    rng = np.random.default_rng(3)
    values = rng.integers(1, 11, (2, 4, 6)).astype(float)
    values[rng.random(values.shape) < 0.4] = np.nan
    values[1, 1:] = np.nan  # A method that one person rated: some draws are without.
    means = bootstrap_means(values, resamples=200, seed=7)

    rng = np.random.default_rng(7)
    people, photos = rng.multinomial(4, [1 / 4] * 4, 200), rng.multinomial(6, [1 / 6] * 6, 200)
    for drawn, of_people, of_photos in zip(means, people, photos):
        for mean, method in zip(drawn, values):
            sample = method[np.repeat(np.arange(4), of_people)][:, np.repeat(np.arange(6), of_photos)]
            expected = np.nan if np.isnan(sample).all() else np.nanmean(sample)
            np.testing.assert_allclose(mean, expected)
    assert np.isnan(means[:, 1]).any() and not np.isnan(percentile_interval(means[:, 1])).any()


@pytest.mark.parametrize("axis", [0, 1])
def test_bootstrap_knows_that_people_and_photos_differ(axis):
    # All that differs is the person, or the photo: then 12 are drawn, not 12 x 30.
    effects = np.random.default_rng(0).normal(5, 2, 12)
    values = np.repeat(np.expand_dims(effects, 1 - axis), 30, axis=1 - axis)[np.newaxis]
    means = bootstrap_means(values, resamples=40_000)
    np.testing.assert_allclose(means.std(), effects.std() / np.sqrt(12), rtol=0.02)
    low, high = percentile_interval(means[:, 0])
    np.testing.assert_allclose((high - low) / 2, 1.96 * means.std(), rtol=0.05)
