"""Damages files, for tests of what reads them."""


def damaged(data, rng):
    """A copy cut short, or with bytes changed, the largest numbers put in, or bytes taken out or put in.

    Half of the changes are where a file's structure is: near its ends.
    """
    near = min(len(data), 5000)
    begin = int(rng.choice([0, len(data) - near, rng.integers(len(data) - near + 1)]))
    place = begin + int(rng.integers(near))
    kind, length = rng.integers(5), int(rng.integers(1, 100))
    if kind == 0:
        return data[:place]
    if kind == 1:
        changed = bytearray(data)
        for index in rng.integers(begin, begin + near, 10):
            changed[index] = rng.integers(256)
        return bytes(changed)
    if kind == 2:
        largest = [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\xff\xff\xff\xff"][rng.integers(3)]
        return data[:place] + largest + data[place + len(largest) :]
    if kind == 3:
        return data[:place] + data[place + length :]
    return data[:place] + rng.bytes(length) + data[place:]
