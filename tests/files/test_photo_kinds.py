"""Every kind of photo is read right, or refused in one line."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tensorflow as tf
import tifffile
from PIL import Image, ImageCms, ImageOps

from gated_inpaint import InputError
from gated_inpaint.files.image_files import decode_photo, read_photo, write_picture

HEIGHT, WIDTH = 24, 32
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def levels(channels=3, dtype=np.uint8):
    """Smooth, so that what is lossy is close; different in every channel and under every turn."""
    across, down = np.meshgrid(np.arange(WIDTH) / WIDTH, np.arange(HEIGHT) / HEIGHT)
    waves = [across, down, across * down, 1 - across**2]
    return np.stack([(0.1 + 0.8 * wave) * np.iinfo(dtype).max for wave in waves[:channels]], axis=-1).astype(dtype)


def file_of(picture, form, **options):
    data = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(data, form, **options)
    return data.getvalue()


def tiff_of(array, **options):
    data = io.BytesIO()
    tifffile.imwrite(data, array, **options)
    return data.getvalue()


def exif_of(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def png_with(data, kind, body, last=False):
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    place = len(data) - 12 if last else 33
    return data[:place] + chunk + data[place:]


def jpeg_with_first(data, marker, body):
    """With a segment in front of all others but the first."""
    place = 4 + int.from_bytes(data[4:6], "big")
    return data[:place] + b"\xff" + marker + struct.pack(">H", len(body) + 2) + body + data[place:]


def turned_files(orientation):
    array = levels()
    exif = exif_of(orientation)
    jpeg = file_of(array, "JPEG", quality=100, subsampling=0, exif=exif)
    png = file_of(array, "PNG")
    return {
        "jpeg": jpeg,
        "jpeg_icc_first": jpeg_with_first(jpeg, b"\xe2", b"ICC_PROFILE\0\1\1" + bytes(400)),
        "jpeg_comment_first": jpeg_with_first(jpeg, b"\xfe", bytes(60000)),
        "png": file_of(array, "PNG", exif=exif),
        "png_exif_last": png_with(png, b"eXIf", exif.tobytes()[6:], last=True),
        "png_exif_as_text": png_with(
            png, b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 99\n" + exif.tobytes().hex().encode())
        ),
        "webp": file_of(array, "WEBP", lossless=True, exif=exif),
        "avif": file_of(array, "AVIF", quality=100, subsampling="4:4:4", exif=exif_of(orientation)),
        "tiff": file_of(array, "TIFF", exif=exif),
        "tiff_bits": file_of(Image.fromarray(array).convert("L"), "TIFF", exif=exif),
        "tiff_deep": tiff_of(array.astype(np.uint16) * 257, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]),
        "xmp": jpeg_with_first(
            file_of(array, "JPEG", quality=100, subsampling=0),
            b"\xe1",
            b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="%d"/>' % orientation,
        ),
    }


@pytest.mark.parametrize("orientation", range(1, 9))
def test_everything_comes_upright_once(orientation):
    for kind, data in turned_files(orientation).items():
        image = Image.open(io.BytesIO(data))
        image.load()
        shown = np.asarray(ImageOps.exif_transpose(image))
        photo = decode_photo(data, kind)
        array = photo.array // 257 if photo.array.dtype == np.uint16 else photo.array
        np.testing.assert_array_equal(array.reshape(shown.shape), shown, err_msg=kind)
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(turned_files(orientation)["webp"])))
        assert shown.shape[:2] == np.asarray(expected).shape[:2], kind  # Nor did Pillow overlook it.


def packed_12_bits(array):
    pairs = array.reshape(-1, 2)
    packed = (
        np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], 1).astype(np.uint8).tobytes()
    )
    tags = [(256, WIDTH), (257, HEIGHT), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, HEIGHT), (279, len(packed))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + struct.pack("<H", len(tags)) + entries + bytes(4)


def pnm(kind, array, largest):
    return b"%s\n# said\n%d %d\n%d\n" % (kind, WIDTH, HEIGHT, largest) + array.astype(">u2" if largest > 255 else "u1").tobytes()


def kinds():
    """{kind: (file, the array that it is)}."""
    deep, deep_alpha = levels(3, np.uint16), levels(4, np.uint16)
    gray_alpha = deep_alpha[..., [0, 3]]
    ten_bits = deep[..., :1] >> 6
    gray_png = tf.io.encode_png(deep[..., :1]).numpy()
    named = int(deep[3, 4, 0])
    color = deep[3, 4]
    rgb = levels()
    palette = Image.fromarray(rgb).quantize(16)
    animated = [Image.fromarray(frame) for frame in (rgb, rgb[::-1])]
    return {
        "tiff_12_bits": (packed_12_bits(deep[..., 0] >> 4), np.round((deep[..., :1] >> 4) * (65535 / 4095))),
        "pgm_10_bits": (pnm(b"P5", ten_bits, 1023), np.round(ten_bits * (65535 / 1023))),
        "pgm_100": (pnm(b"P5", rgb[..., :1] // 3, 100), np.round(rgb[..., :1] // 3 * 2.55)),
        "ppm_16_bits": (pnm(b"P6", deep, 65535), deep),
        "ppm_10_bits": (pnm(b"P6", deep >> 6, 1023), np.round((deep >> 6) * (65535 / 1023))),
        "tiff_planes": (tiff_of(rgb.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"), rgb),
        "tiff_white_is_zero": (tiff_of(deep[..., 0], photometric="miniswhite"), 65535 - deep[..., :1]),
        "tiff_16_bits": (tiff_of(deep, photometric="rgb"), deep),
        "tiff_16_bits_alpha": (tiff_of(deep_alpha, photometric="rgb", extrasamples=["UNASSALPHA"]), deep_alpha),
        "tiff_16_bits_no_alpha": (tiff_of(deep_alpha, photometric="rgb", extrasamples=["UNSPECIFIED"]), deep),
        "png_gray_and_alpha_16": (tf.io.encode_png(gray_alpha).numpy(), gray_alpha),
        "png_gray_16_transparent_level": (
            png_with(gray_png, b"tRNS", struct.pack(">H", named)),
            np.dstack([deep[..., 0], np.where(deep[..., 0] == named, 0, 65535)]),
        ),
        "png_16_transparent_color": (
            png_with(tf.io.encode_png(deep).numpy(), b"tRNS", struct.pack(">3H", *color)),
            np.dstack([deep, np.where((deep == color).all(-1), 0, 65535)]),
        ),
        "palette_png": (file_of(palette, "PNG"), np.asarray(palette.convert("RGB"))),
        "palette_bmp": (file_of(palette, "BMP"), np.asarray(palette.convert("RGB"))),
        "palette_gif": (file_of(palette, "GIF"), np.asarray(palette.convert("RGB"))),
        "animated_webp": (file_of(animated[0], "WEBP", save_all=True, append_images=animated[1:], lossless=True), rgb),
        "animated_png": (file_of(animated[0], "PNG", save_all=True, append_images=animated[1:]), rgb),
        "pages_tiff": (file_of(animated[0], "TIFF", save_all=True, append_images=animated[1:]), rgb),
    }


@pytest.mark.parametrize("kind", kinds())
def test_levels_are_what_the_file_means(kind):
    data, expected = kinds()[kind]
    photo = decode_photo(data, kind)
    assert photo.array.dtype == (np.uint8 if expected.max() <= 255 else np.uint16)
    np.testing.assert_allclose(photo.array.astype(float), expected, atol=1 if "10" in kind else 0)
    said = {"animated": "only the first of 2 frames was read", "pages": "only the first of 2 pages was read"}
    assert photo.notes == tuple(said[word] for word in said if word in kind)


def test_premultiplied_alpha_is_divided_out():
    straight = levels(4, np.uint16)
    stored = np.concatenate([np.round(straight[..., :3] * (straight[..., 3:] / 65535)), straight[..., 3:]], -1).astype(np.uint16)
    photo = decode_photo(tiff_of(stored, photometric="rgb", extrasamples=["ASSOCALPHA"]), "a.tif")
    np.testing.assert_allclose(photo.array.astype(int), straight, atol=5)

    gray = decode_photo(tiff_of(np.full((2, 2, 2), 51, np.uint8), photometric="minisblack", extrasamples=["ASSOCALPHA"]), "a.tif")
    assert gray.array.reshape(-1, 2).tolist() == [[255, 51]] * 4


def cmyk_profile():
    """A profile of CMYK with a table that turns it to L*a*b* as no rule of thumb does: black alone counts."""
    grid = np.array([[100 * (1 - black), 20, -30] for *_, black in np.ndindex(2, 2, 2, 2)])
    entries = np.round((grid + [0, 128, 128]) * [65280 / 100, 256, 256]).astype(">u2").tobytes()
    ramp = np.array([0, 65535], ">u2").tobytes()
    lut = b"mft2" + bytes(4) + bytes([4, 3, 2, 0]) + np.array(np.eye(3) * 65536, ">i4").tobytes()
    lut += struct.pack(">HH", 2, 2) + ramp * 4 + entries + ramp * 3
    lut += bytes(-len(lut) % 4)
    text = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(79)
    text += bytes(-len(text) % 4)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    parts, table, place = {b"desc": text, b"wtpt": white, b"A2B0": lut, b"cprt": b"text" + bytes(8)}, b"", 128 + 4 + 12 * 4
    for name, body in parts.items():
        table += name + struct.pack(">II", place, len(body))
        place += len(body)
    body = struct.pack(">I", len(parts)) + table + b"".join(parts.values())
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + body


def test_cmyk_goes_through_its_profile(tmp_path):
    profile, cmyk = cmyk_profile(), Image.fromarray(levels()).convert("CMYK")
    data = file_of(cmyk, "JPEG", quality=100, icc_profile=profile)
    stored = Image.open(io.BytesIO(data))
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(stored, ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb, outputMode="RGB")
    photo = decode_photo(data, "a.jpg")
    np.testing.assert_array_equal(photo.array, np.asarray(expected))
    assert np.abs(photo.array.astype(int) - np.asarray(stored.convert("RGB"))).mean() > 20
    assert photo.notes == ("CMYK became RGB through its profile",)
    write_picture(tmp_path / "a.png", photo.array, photo)
    assert "icc_profile" not in Image.open(tmp_path / "a.png").info

    for wrong in (None, SRGB, b"damaged" * 50):
        photo = decode_photo(file_of(cmyk, "TIFF", **({"icc_profile": wrong} if wrong else {})), "a.tif")
        np.testing.assert_array_equal(photo.array, np.asarray(cmyk.convert("RGB")))
        assert photo.notes[0] == "CMYK became RGB without a profile, by rule of thumb"


def test_profiles_of_other_kinds_of_pictures_are_left_out():
    gray = file_of(Image.fromarray(levels()[..., 0]), "PNG", icc_profile=SRGB)
    photo = decode_photo(gray, "a.png")
    assert photo.metadata.icc_profile is None and "colour profile is for another kind" in photo.notes[0]


def test_large_profiles(tmp_path):
    profile = struct.pack(">I", 1_500_000) + SRGB[4:128] + bytes(1_500_000 - 128)
    (tmp_path / "a.jpg").write_bytes(file_of(levels(), "JPEG", icc_profile=profile))
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.metadata.icc_profile == profile
    notes = write_picture(tmp_path / "b.png", photo.array, photo)
    assert "profile of 1.5 MB was left out" in notes[0] and Image.open(tmp_path / "b.png").size == (WIDTH, HEIGHT)
    for name in ("c.tif", "c.webp", "c.jpg"):
        assert write_picture(tmp_path / name, photo.array, photo) == []
        assert Image.open(tmp_path / name).info["icc_profile"] == profile
    in_png = png_with(file_of(levels(), "PNG"), b"iCCP", b"large\0\0" + zlib.compress(profile))
    assert decode_photo(in_png, "a.png").metadata.icc_profile == profile


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_blocks_that_unpack_to_gigabytes_cost_nothing(kind):
    import resource

    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(1 << 24)) for _ in range(128)) + packing.flush()  # Of 2 GB.
    keyword = {b"iCCP": b"name\0\0", b"zTXt": b"Raw profile type exif\0\0", b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0"}[kind]
    data = png_with(file_of(levels(), "PNG"), kind, keyword + packed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    photo = decode_photo(data, "a.png")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # Of KB.
    np.testing.assert_array_equal(photo.array, levels())
    assert photo.metadata.icc_profile is photo.metadata.exif is photo.metadata.xmp is None


@pytest.mark.parametrize(
    "kind, data, words",
    [
        ("a.pfm", b"PF\n4 4\n-1.0\n" + bytes(192), "32-bit floating-point"),
        ("a.tif", tiff_of(levels().astype(np.float32), photometric="rgb"), "TIFF file of a kind|floating-point"),
        (
            "a.tif",
            tiff_of(levels(1, np.uint16)[..., 0].astype(np.int16), photometric="minisblack"),
            "16 bits a channel, with a sign",
        ),
        ("a.tif", tiff_of(levels(1)[..., 0].astype(np.uint32), photometric="minisblack"), "32 bits a channel"),
        (
            "a.tif",
            tiff_of(levels(3, np.uint16).transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
            "16 bits a channel in separate planes",
        ),
        ("a.tif", tiff_of(levels(2, np.uint16), photometric="minisblack", extrasamples=["UNASSALPHA"]), "TIFF file of a kind"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(40), "HEIC file: pip install|is not an image|damaged"),
    ],
)
def test_the_reason_is_the_true_one(kind, data, words, capfd):
    with pytest.raises(InputError, match=words) as error:
        decode_photo(data, kind)
    assert str(error.value).startswith(kind) and "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_metadata_goes_along(tmp_path, suffix):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" b="said"/></x:xmpmeta>'
    for form in ("JPEG", "PNG", "WEBP", "TIFF"):
        source = tmp_path / f"source.{form}"
        exif = exif_of(6)
        exif[271], exif[306] = "Maker", "2026:11:25 10:00:00"
        exif.get_ifd(0x8769)[36867] = "2026:11:24 09:00:00"
        exif.get_ifd(0x8769)[37500] = b"note of the maker"
        exif.get_ifd(0x8825)[1] = "N"
        options = {"exif": exif, "icc_profile": SRGB, "dpi": (300, 300)}
        if form == "PNG":
            data = file_of(levels(), form, **options)
            source.write_bytes(png_with(data, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
        elif form == "TIFF":  # Pillow writes none with a whole EXIF block.
            of_jpeg = read_photo(tmp_path / "source.JPEG")
            source = tmp_path / "source.tif"
            write_picture(source, of_jpeg.array, of_jpeg)
        else:
            source.write_bytes(file_of(levels(), form, **options, xmp=xmp))
        photo = read_photo(source)
        assert photo.array.shape == (WIDTH, HEIGHT, 3)
        write_picture(tmp_path / f"a{suffix}", photo.array, photo)
        result = Image.open(tmp_path / f"a{suffix}")
        read, info = result.getexif(), result.info
        assert (read[271], read[306], read.get(274, 1)) == ("Maker", "2026:11:25 10:00:00", 1), form
        assert read.get_ifd(0x8769)[36867] == "2026:11:24 09:00:00" and bytes(read.get_ifd(0x8769)[37500]) == b"note of the maker"
        assert read.get_ifd(0x8825)[1] == "N"
        assert info["icc_profile"] == SRGB
        assert b'Orientation="1" b="said"' in info["xmp"]
        if suffix != ".webp" and form != "WEBP":  # WebP has no place for it.
            np.testing.assert_allclose(np.array(info["dpi"], float), 300, atol=0.01)
        result.load()
        assert result.size == (HEIGHT, WIDTH)
        again = read_photo(tmp_path / f"a{suffix}").array
        assert again.shape == photo.array.shape
        if suffix in (".png", ".tif"):
            np.testing.assert_array_equal(again, photo.array)


def test_colours_of_a_png_go_along(tmp_path):
    data = png_with(file_of(levels(), "PNG"), b"gAMA", struct.pack(">I", 100000))
    data = png_with(data, b"cHRM", struct.pack(">8I", *range(30000, 38000, 1000)))
    photo = decode_photo(data, "a.png")
    for array in (photo.array, photo.array.astype(np.uint16) * 257):
        write_picture(tmp_path / "b.png", array, photo)
        info = Image.open(tmp_path / "b.png").info
        assert info["gamma"] == 1.0 and info["chromaticity"][0] == 0.3
        np.testing.assert_array_equal(read_photo(tmp_path / "b.png").array, array)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiffs_hold_every_array_exactly(tmp_path, channels, dtype):
    array = levels(channels, dtype)
    write_picture(tmp_path / "a.tif", array)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif").reshape(array.shape), array)
    if (channels, dtype) != (2, np.uint16):  # Which Pillow does not open.
        np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").array, array)


@pytest.mark.parametrize("quality, subsampling", [(40, 2), (75, 2), (90, 1), (95, 0), (98, 0), (100, 2)])
def test_a_jpeg_does_not_grow(tmp_path, quality, subsampling):
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 256, (60, 90, 3), np.uint8), (450, 300), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    (tmp_path / "a.jpg").write_bytes(file_of(picture, "JPEG", quality=quality, subsampling=subsampling))
    photo = read_photo(tmp_path / "a.jpg")
    write_picture(tmp_path / "b.jpg", photo.array, photo)
    ratio = (tmp_path / "b.jpg").stat().st_size / (tmp_path / "a.jpg").stat().st_size
    assert 0.5 < ratio < 1.5, ratio
    assert np.abs(read_photo(tmp_path / "b.jpg").array.astype(int) - photo.array).mean() < 5


def test_what_a_format_cannot_hold(tmp_path):
    see_through = levels(4)
    with pytest.raises(InputError, match="JPEG has no transparency"):
        write_picture(tmp_path / "a.jpg", see_through)
    opaque = np.concatenate([levels(), np.full((HEIGHT, WIDTH, 1), 255, np.uint8)], -1)
    write_picture(tmp_path / "a.jpg", opaque, quality=100)
    assert np.abs(read_photo(tmp_path / "a.jpg").array.astype(int) - levels()).max() <= 6
    with pytest.raises(InputError, match=r"must end in \.png, .*not|must end in \.png"):
        write_picture(tmp_path / "a.gif", levels())
    with pytest.raises(InputError, match="at most 16383 pixels a side"):
        write_picture(tmp_path / "a.webp", np.zeros((1, 16384, 3), np.uint8))
    write_picture(tmp_path / "a.webp", see_through, quality=100)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.webp").array, see_through)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "a.webp"]
