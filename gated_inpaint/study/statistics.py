"""Intervals and agreement, in NumPy. All intervals are of 95%."""

import math

import numpy as np

RESAMPLES = 10_000
_Z = 1.959963984540054  # Between -z and z lie 95% of a normal distribution.


def bootstrap_means(values, resamples=RESAMPLES, seed=0):
    """Means over people and photos, both drawn anew with replacement.

    Ratings of one person have something in common, and so have ratings of one photo. Drawn one by
    one they would pass for independent, and intervals be too narrow. Drawn so, intervals are rather
    too wide (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 2007).

    Arguments:
      values: float [methods, people, photos]; NaN where that person did not rate that photo.
      resamples: how many times to draw.
      seed: of the draws, the same for all methods, so that their means can be subtracted.

    Returns float [resamples, methods]; NaN where nothing of a method was drawn.
    """
    rng = np.random.default_rng(seed)
    people, photos = (rng.multinomial(n, np.full(n, 1 / n), resamples).astype(float) for n in values.shape[1:])
    rated = ~np.isnan(values)

    def weighted(of_method):
        return ((people @ of_method) * photos).sum(axis=1)

    weights = np.stack([weighted(one.astype(float)) for one in rated], axis=1)
    sums = np.stack([weighted(one) for one in np.where(rated, values, 0)], axis=1)
    return np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)


def percentile_interval(samples):
    """(low, high) of samples [resamples]."""
    return tuple(np.nanpercentile(samples, [2.5, 97.5]).tolist())


def wilson_interval(successes, total):
    """(low, high) of a share (Wilson, JASA 1927): good for few trials and for shares of 0 and 1."""
    share = successes / total
    middle = share + _Z**2 / (2 * total)
    half = _Z * math.sqrt(share * (1 - share) / total + (_Z / (2 * total)) ** 2)
    scale = 1 + _Z**2 / total
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def krippendorff_alpha(values, difference):
    """Agreement between people: 1 is full, 0 that of chance.

    (Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.)

    Arguments:
      values: float [people, items]; NaN where that person did not answer.
      difference: "interval", the squared difference of two values, or "nominal", 1 if they differ.

    Returns a float; NaN if no item has two answers, or all answers are the same.
    """
    of_items = [item[~np.isnan(item)] for item in values.T]
    of_items = [item for item in of_items if len(item) > 1]
    if not of_items:
        return math.nan
    levels = np.unique(np.concatenate(of_items))
    counts = np.stack([(item[:, np.newaxis] == levels).sum(axis=0) for item in of_items]).astype(float)
    # How often two people gave these two levels to one item; an item counts by its answers.
    weights = 1 / (counts.sum(axis=1) - 1)
    together = (counts * weights[:, np.newaxis]).T @ counts - np.diag(weights @ counts)
    totals = together.sum(axis=1)
    distance = np.subtract.outer(levels, levels) ** 2 if difference == "interval" else 1 - np.eye(len(levels))
    expected = totals @ distance @ totals
    return float(1 - (totals.sum() - 1) * (together * distance).sum() / expected) if expected else math.nan
