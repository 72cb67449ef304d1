"""The viewer as one file, for a few images: everything inside, nothing asked of a server or of the network."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any

from neurograde.errors import DataError
from neurograde.pages.serve import assets_of
from neurograde.pages.tiles import TILE_PX, thumbnail_of, tile_of, zooms_of
from neurograde.pages.view.app import ViewPage, contents
from neurograde.pages.view.outlines import geojson, table
from neurograde.pages.view.scenes import OpenScene, Scenes

MOST_TILES = 64
"""Tiles of the finest zoom that are put into the file per image: 4,096 x 4,096 px. A larger image begins coarser."""
QUALITY = 88


def lone_file(scenes: Scenes) -> bytes:
    """Return the page of all scenes."""
    assets = assets_of("neurograde.pages") | assets_of("neurograde.pages.view")
    page = ViewPage(scenes)
    images = [_embedded(page, index) for index in range(len(scenes.scenes))]
    data = json.dumps({"contents": contents(scenes), "images": images}).replace("<", "\\u003c")
    modules = "\n".join(_without_modules(assets[name].decode()) for name in ("picture.js", "view.js"))
    html = assets["index.html"].decode()
    html = re.sub(
        r'<link rel="stylesheet" href="(.+?)">', lambda link: f"<style>{assets[link[1]].decode()}</style>", html
    )
    inline = f'<script type="application/json" id="data">{data}</script><script type="module">{modules}</script>'
    return re.sub(r'<script src="view.js"[^>]*></script>', lambda _: inline, html).encode()


def _embedded(page: ViewPage, index: int) -> dict[str, Any]:
    """Return one image with its tiles, its pictures and its files for other programs as data URLs."""
    scene, facts = page.scenes.scenes[index], page.facts(index)
    artefact = scene.artefact
    shown = [_url(artefact.read(seen.path)) for seen in scene.attention] if artefact is not None else []
    files = {
        "geojson": _url(geojson(facts, page.scenes.positive), "application/geo+json"),
        "csv": _url(table(facts, page.scenes.classes), "text/csv"),
    }
    try:
        opened = page.opened(index)
    except DataError:
        return {"facts": facts, "attention": shown, "files": files, "thumbnail": "data:,", "tiles": {}}
    least, tiles = _tiles(opened)
    facts["tiles"]["least"] = least
    thumbnail = _url(thumbnail_of(opened.image))
    return {"facts": facts, "attention": shown, "files": files, "thumbnail": thumbnail, "tiles": tiles}


def _tiles(opened: OpenScene) -> tuple[int, dict[str, str]]:
    """Return the finest zoom that is put into the file, and the tiles from there on by zoom, column and row."""
    image = opened.image
    grids = [
        (zoom, -(-image.width // (TILE_PX << zoom)), -(-image.height // (TILE_PX << zoom)))
        for zoom in range(zooms_of(image) + 1)
    ]
    kept = [(zoom, across, down) for zoom, across, down in grids if across * down <= MOST_TILES]
    tiles = {
        f"{zoom}/{col}/{row}": _url(tile_of(image, zoom, col, row, quality=QUALITY))
        for zoom, across, down in kept
        for row in range(down)
        for col in range(across)
    }
    return kept[0][0], tiles


def _url(data: bytes, media_type: str = "image/jpeg") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def _without_modules(script: str) -> str:
    """Return a script whose imports and exports are gone: in one file all names are at hand."""
    return re.sub(r"^export ", "", re.sub(r"^import .*\n", "", script, flags=re.M), flags=re.M)
