"""Masks as people make them, each with the hole that its maker means; for the command, `Inpainter`, training and serving alike."""

import functools
import io

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 64, 96


def photo():
    """uint8 [64, 96, 3], with structure at all scales and all levels."""
    rng, picture = np.random.default_rng(5), np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for side in (2, 5, 12, 40):
        picture += cv2.resize(
            rng.uniform(0, 64, (side, side, 3)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
        )
    return np.clip(picture, 0, 255).astype(np.uint8)


def stroke(line=cv2.LINE_8):
    """uint8 [64, 96], 255 in a bent stroke of 9 pixels; with `cv2.LINE_AA` its rim is soft."""
    levels = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.polylines(levels, [np.array([[20, 40], [45, 20], [70, 35]])], False, 255, 9, line)
    return levels


def iou(hole, expected):
    return (hole & expected).sum() / max((hole | expected).sum(), 1)


def encoded(picture, format="PNG", **options):
    data = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(data, format, **options)
    return data.getvalue()


def _on_layer(color, alpha):
    return np.dstack([np.broadcast_to(np.uint8(color), (HEIGHT, WIDTH, 3)), alpha.astype(np.uint8)])


def _painted_over(picture, color):
    hole = stroke()[..., np.newaxis] > 0
    return np.where(hole, np.uint8(color), picture)


@functools.cache
def mask_files():
    """{name of a file: (its bytes, the hole as bool [64, 96], or None where it is no mask)}."""
    hard, soft = stroke(), stroke(cv2.LINE_AA)
    hole, soft_hole = hard > 0, soft > 0
    blurred = cv2.GaussianBlur(hard, (0, 0), 2)
    one, colors = hole.astype(np.uint8), hard[..., np.newaxis]
    labels = np.where(hole, 15, 0).astype(np.uint8)
    labels[50:60, 5:30] = 1
    palette = Image.fromarray(labels)
    palette.putpalette([0, 0, 0, 128, 0, 0, *[0] * 39, 192, 128, 128])
    jpeg_in_png = Image.open(io.BytesIO(encoded(hard, "JPEG", quality=50)))
    photograph = photo()
    erased = np.dstack([photograph, 255 - hard])

    masks = {
        "bits.png": (encoded(Image.fromarray(hard).convert("1")), hole),
        "gray.png": (encoded(hard), hole),
        "gray_and_alpha.png": (encoded(Image.fromarray(hard).convert("LA")), hole),
        "palette.png": (encoded(Image.fromarray(hard).convert("P")), hole),
        "rgb.png": (encoded(np.dstack([hard] * 3)), hole),
        "deep.png": (encoded(hard.astype(np.uint16) * 257), hole),
        "bits.bmp": (encoded(Image.fromarray(hard).convert("1"), "BMP"), hole),
        "bits.tif": (encoded(Image.fromarray(hard).convert("1"), "TIFF"), hole),
        **{f"q{quality}.jpg": (encoded(hard, "JPEG", quality=quality), hole) for quality in (95, 75, 30)},
        "cmyk.jpg": (encoded(Image.fromarray(np.dstack([hard] * 3)).convert("CMYK"), "JPEG", quality=95), hole),
        "was_jpeg.png": (encoded(jpeg_in_png), hole),
        "lossless.webp": (encoded(hard, "WEBP", lossless=True), hole),
        "gray128.png": (encoded(one * 128), hole),
        "gray127.png": (encoded(one * 127), hole),
        "zeros_and_ones.png": (encoded(one), hole),
        "label_15.png": (encoded(one * 15), hole),
        "labels.png": (encoded(labels), labels > 0),
        "labels_palette.png": (encoded(palette), labels > 0),
        "deep_255.png": (encoded(hard.astype(np.uint16)), hole),
        "deep_1.png": (encoded(one.astype(np.uint16)), hole),
        "red.png": (encoded(np.uint8([1, 0, 0]) * colors), hole),
        "green.png": (encoded(np.uint8([0, 1, 0]) * colors), hole),
        "soft.png": (encoded(soft), soft_hole),
        "soft_red.png": (encoded(np.uint8([1, 0, 0]) * soft[..., np.newaxis]), soft_hole),
        "blurred.png": (encoded(blurred), blurred > 0),
        **{
            f"{name}_brush.png": (encoded(_on_layer(color, hard)), hole)
            for name, color in (("white", (255, 255, 255)), ("black", (0, 0, 0)), ("red", (255, 0, 0)))
        },
        "half_opaque_brush.png": (encoded(_on_layer((255, 255, 255), hard // 2)), hole),
        "soft_brush.png": (encoded(_on_layer((0, 0, 0), soft)), soft_hole),
        "white_erased.png": (encoded(_on_layer((255, 255, 255), 255 - hard)), hole),
        "photo_erased.png": (encoded(erased), hole),
        "photo_erased_softly.png": (encoded(np.dstack([photograph, 255 - soft])), soft_hole),
        "photo_erased.webp": (encoded(erased, "WEBP", lossless=True, exact=True), hole),
        "photo.png": (encoded(photograph), None),
        "photo.jpg": (encoded(photograph, "JPEG"), None),
        "gray_photo.png": (encoded(Image.fromarray(photograph).convert("L")), None),
        "red_over_photo.png": (encoded(_painted_over(photograph, (255, 0, 0))), None),
        "white_over_photo.png": (encoded(_painted_over(photograph, (255, 255, 255))), None),
        "red_on_white.png": (encoded(_painted_over(np.full_like(photograph, 255), (255, 0, 0))), None),
        "black.png": (encoded(hard * 0), hole & False),
    }
    assert all((truth is None) or truth.shape == (HEIGHT, WIDTH) for _, truth in masks.values())
    return masks
