"""Damage to the bytes of any file: what a full disk, a broken transfer or an editor does."""

from __future__ import annotations

from random import Random

JUNK = (
    b"\0", b"\n", b"\t", b"\r\n", b"\xff", b"\xe9", b"\xef\xbb\xbf", b"\xff\xfe", b" ", b'"', b"'", b",", b";", b":",
    b"-", b"9" * 40, b"\xe2\x80\xa8", b"\xc2\x85", b"\xed\xa0\x80",
)  # fmt: skip


def damaged(data: bytes, random: Random) -> bytes:
    """Return the bytes with one to three changes: cut, deleted, doubled, flipped, exchanged or inserted."""
    for _ in range(random.randint(1, 3)):
        data = random.choice((_cut, _deleted, _doubled, _flipped, _exchanged, _inserted))(data, random)
    return data


def span(data: bytes, random: Random) -> tuple[int, int]:
    """Return the begin and the end of a random part of the bytes."""
    begin = random.randrange(len(data) + 1)
    return begin, min(len(data), begin + random.choice((1, 2, 8, 64, 1024)))


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _deleted(data: bytes, random: Random) -> bytes:
    begin, end = span(data, random)
    return data[:begin] + data[end:]


def _doubled(data: bytes, random: Random) -> bytes:
    begin, end = span(data, random)
    return data[:end] + data[begin:end] * random.choice((1, 1, 3)) + data[end:]


def _flipped(data: bytes, random: Random) -> bytes:
    begin, end = span(data, random)
    return data[:begin] + bytes(byte ^ (1 << random.randrange(8)) for byte in data[begin:end]) + data[end:]


def _exchanged(data: bytes, random: Random) -> bytes:
    begin, end = span(data, random)
    return data[:begin] + random.randbytes(end - begin) + data[end:]


def _inserted(data: bytes, random: Random) -> bytes:
    begin, _end = span(data, random)
    return data[:begin] + random.choice(JUNK) + data[begin:]
