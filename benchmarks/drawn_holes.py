"""Holes drawn by code, and how far what fills a hole is from the truth."""

import math

import cv2
import numpy as np
import tensorflow as tf

from gated_inpaint.masks import strokes


def square(height, width, share):
    """A square in the middle that takes a share of the picture; bool, as `free_form`'s."""
    side = math.isqrt(int(share * width * height))
    top, left = (height - side) // 2, (width - side) // 2
    hole = np.zeros([height, width], bool)
    hole[top : top + side, left : left + side] = True
    return hole


def free_form(size):
    """Strokes of about 30%: the nearest of some."""
    holes = [strokes(tf.constant([seed, 0]), size, size).numpy()[..., 0] > 0 for seed in range(40)]
    return min(holes, key=lambda hole: abs(hole.mean() - 0.3))


def scratches(rng, height, width):
    """A dozen curves."""
    hole = np.zeros((height, width), np.uint8)
    for _ in range(12):
        point, angle = rng.uniform([0, 0], [width, height]), rng.uniform(0, np.pi)
        points = [point]
        for _ in range(12):
            angle += rng.normal(0, 0.15)
            points.append(points[-1] + np.array([np.cos(angle), np.sin(angle)]) * max(height, width) / 18)
        cv2.polylines(hole, [np.int32(points)], False, 255, 4)
    return hole


def text(rng, height, width):
    """Lines of text, one below the other."""
    hole = np.zeros((height, width), np.uint8)
    for row in range(66, height, 82):
        begin = int(rng.integers(20)), row
        cv2.putText(hole, "sample text of a stranger's photo", begin, cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 4)
    return hole


def wires(rng, height, width):
    """Eight straight lines from side to side."""
    hole = np.zeros((height, width), np.uint8)
    for _ in range(8):
        left, right = rng.integers(height, size=2)
        cv2.line(hole, (0, int(left)), (width, int(right)), 255, 6)
    return hole


def psnr(picture, photo, hole):
    """In dB, over the hole's pixels."""
    error = (picture.astype(np.float64) - photo)[hole > 0]
    return 10 * np.log10(255**2 / np.mean(error**2))
