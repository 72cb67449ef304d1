"""Squares for other programs: GeoJSON as QuPath reads it, and CSV, both in pixels of level 0."""

from __future__ import annotations

from typing import Any

from neurograde.imaging.pixels.overlay import HIGH, LOW
from neurograde.storage.artefact import encode_csv, encode_json


def geojson(facts: dict[str, Any], positive: str) -> bytes:
    """Return a feature per square: File, Import objects from file, in QuPath.

    Args:
        facts: The scene as the page gets it.
        positive: The class that is orange.
    """
    side = facts["side"]
    features = []
    for square in facts["squares"]:
        left, top, right, bottom = square["x"], square["y"], square["x"] + side, square["y"] + side
        ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
        measurements = {f"probability {label}": value for label, value in square["p"].items()}
        if square["distance"] is not None:
            measurements["distance from training"] = square["distance"]
        colour = HIGH if square["named"] == positive else LOW
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {
                    "objectType": "detection",
                    "name": f"row {square['row']}, column {square['col']}",
                    "classification": {"name": square["named"], "color": list(colour)},
                    "measurements": measurements,
                },
            }
        )
    return encode_json({"type": "FeatureCollection", "features": features})


def table(facts: dict[str, Any], classes: tuple[str, ...]) -> bytes:
    """Return a row per square."""
    columns = (
        "image",
        "row",
        "col",
        "x_px",
        "y_px",
        "side_px",
        *(f"p_{name}" for name in classes),
        "distance",
        "label",
    )
    rows = [
        (
            facts["name"],
            *(square[name] for name in ("row", "col", "x", "y")),
            facts["side"],
            *(square["p"][name] for name in classes),
            square["distance"],
            square["truth"],
        )
        for square in facts["squares"]
    ]
    return encode_csv(columns, rows)
