"""The routes of the viewer: its scenes, their tiles, and their squares for other programs."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from neurograde.errors import DataError, NeurogradeError
from neurograde.pages.serve import Handler, application, assets_of
from neurograde.pages.tiles import THUMBNAILS, Kept, thumbnail_of, tile_of
from neurograde.pages.view.outlines import geojson, table
from neurograde.pages.view.scenes import OpenScene, Scenes, without_image

KEPT = {"Cache-Control": "private, max-age=3600"}


class NoSuchScene(Exception):
    """A request for an image that is not shown."""


class ViewPage:
    """Answers the requests of the page, one method a route."""

    def __init__(self, scenes: Scenes) -> None:
        """Serve the page of `scenes`."""
        self.scenes = scenes
        self._opened = Kept(self._open, len(scenes.scenes))
        self._thumbnails = Kept(lambda index: thumbnail_of(self._open(index).image), len(scenes.scenes), THUMBNAILS)

    def app(self, port: int, token: str) -> ASGIApp:
        """Return the page on `port`, open to whoever has `token`."""
        one = "/api/images/{index:int}"
        routes = [
            Route("/api/view", self.contents),
            Route(one, self.scene),
            Route(f"{one}/thumbnail", self.thumbnail),
            Route(f"{one}/tiles/{{zoom}}/{{col:int}}/{{row:int}}", self.tile),
            Route(f"{one}/attention/{{number:int}}", self.attention),
            Route(f"{one}/squares.geojson", self.geojson),
            Route(f"{one}/squares.csv", self.table),
        ]
        handlers: dict[type[Exception], Handler] = {
            NoSuchScene: _refused(404),
            ValueError: _refused(400),
            NeurogradeError: _refused(500),
        }
        assets = assets_of("neurograde.pages") | assets_of("neurograde.pages.view")
        return application(routes, assets, port, token, handlers)

    def contents(self, _request: Request) -> Response:
        """Return the title, the classes and the list of images."""
        return JSONResponse(contents(self.scenes))

    def scene(self, request: Request) -> Response:
        """Return one image with its squares; without the image where it cannot be shown."""
        return JSONResponse(self.facts(self._index(request)))

    def facts(self, index: int) -> dict[str, Any]:
        """Return one image with its squares, and why it is not shown where it cannot be."""
        try:
            return self.opened(index).facts()
        except DataError as error:
            return without_image(self.scenes.scenes[index]) | {"problem": str(error)}

    def opened(self, index: int) -> OpenScene:
        """Return a scene with its image; DataError where that cannot be shown."""
        return self._opened[index]

    def thumbnail(self, request: Request) -> Response:
        """Return the whole image, small."""
        return _picture(self._thumbnails[self._index(request)])

    def tile(self, request: Request) -> Response:
        """Return a tile."""
        where = (int(request.path_params[name]) for name in ("zoom", "col", "row"))
        return _picture(tile_of(self.opened(self._index(request)).image, *where))

    def attention(self, request: Request) -> Response:
        """Return a picture of Grad-CAM."""
        scene, number = self.scenes.scenes[self._index(request)], request.path_params["number"]
        if number >= len(scene.attention) or scene.artefact is None:
            raise NoSuchScene(f"picture {number}; accepted: 0 to {len(scene.attention) - 1}")
        return _picture(scene.artefact.read(scene.attention[number].path))

    def geojson(self, request: Request) -> Response:
        """Return the squares for QuPath."""
        facts = self.facts(self._index(request))
        return _download(geojson(facts, self.scenes.positive), facts["name"], "geojson", "application/geo+json")

    def table(self, request: Request) -> Response:
        """Return the squares as CSV."""
        facts = self.facts(self._index(request))
        return _download(table(facts, self.scenes.classes), facts["name"], "csv", "text/csv")

    def _open(self, index: int) -> OpenScene:
        return OpenScene.of(self.scenes.scenes[index], self.scenes.max_pixels)

    def _index(self, request: Request) -> int:
        index: int = request.path_params["index"]
        if index >= len(self.scenes.scenes):
            raise NoSuchScene(f"image {index}; accepted: 0 to {len(self.scenes.scenes) - 1}")
        return index


def contents(scenes: Scenes) -> dict[str, Any]:
    """Return what the page shows beside any image."""
    return {
        "title": scenes.title,
        "classes": scenes.classes,
        "positive": scenes.positive,
        "warnings": scenes.warnings,
        "images": [{"name": scene.name, "answer": scene.answer} for scene in scenes.scenes],
    }


def _picture(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=KEPT)


def _download(data: bytes, image: str, suffix: str, media_type: str) -> Response:
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in image.rsplit("/", 1)[-1])
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{suffix}"'}
    return Response(data, media_type=media_type, headers=headers)


def _refused(status: int) -> Handler:
    return lambda _request, error: JSONResponse({"error": str(error)}, status)
