"""PNG files as chunks: what makes the picture is told from what is said about it, so that the latter, damaged or blown up, cannot
keep the former from being read; and what must be said about a picture is put into a file that holds the pixels alone.
"""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HEADER_END = 33  # Of the signature and the header chunk, which is always the first.
_OF_PIXELS = (b"tRNS",)  # Beside the critical chunks, whose names begin with a capital.


def chunks(data):
    """(type, body, whole chunk) of each chunk, to the end or to where the file is cut short; those with a wrong checksum, too."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        end = position + 12 + length
        yield kind, data[position + 8 : end - 4], data[position:end]
        position = end


def pixels_alone(data):
    """The file without the chunks that do not make its pixels; of an animation, the picture that it is shown by."""
    return SIGNATURE + b"".join(whole for kind, _, whole in chunks(data) if kind[:1].isupper() or kind in _OF_PIXELS)


def intact_bodies(data):
    """{type: bodies} of all chunks whose checksum is right."""
    bodies = {}
    for kind, body, whole in chunks(data):
        if len(whole) == len(body) + 12 and zlib.crc32(kind + body) == struct.unpack(">I", whole[-4:])[0]:
            bodies.setdefault(kind, []).append(body)
    return bodies


def inflated(data, most):
    """What compressed bytes unpack to; None if they are damaged, or unpack to more than `most` bytes, which are not made."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(data, most + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= most and unpacking.eof else None


def with_chunks_of(data, other):
    """The file with all chunks of another one that stand between header and pixels."""
    said = b"".join(whole for kind, _, whole in chunks(other) if kind not in (b"IHDR", b"IDAT", b"IEND"))
    return data[:_HEADER_END] + said + data[_HEADER_END:]
