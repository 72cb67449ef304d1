"""The real images of the benchmarks: those in shared/ beside the clone, or those that `make data` has fetched."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT.parent / "shared" / "data", ROOT / "out" / "data")


class NotMeasured(Exception):
    """A benchmark lacks the images that it measures with; the message says how to get them."""


def tiles() -> list[Path]:
    """Return the paths of the tiles; NotMeasured when there are none."""
    return _first(("osteosarcoma_tcia/*/*.jpg", "osteosarcoma/*/*.jpg", "bcss_large/*.jpg"), "osteosarcoma")


def slides() -> list[Path]:
    """Return the paths of the whole slides; NotMeasured when there are none."""
    return _first(("slides/*.svs",), "slides")


def _first(patterns: tuple[str, ...], name: str) -> list[Path]:
    """Return the files of the first folder that has any."""
    for folder in FOLDERS:
        paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
        if paths:
            return paths
    raise NotMeasured(f"it needs real images: make data SET={name}")
