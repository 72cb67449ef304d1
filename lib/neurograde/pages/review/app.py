"""The routes of the review page: JSON in and out, the images, and nothing that names a file."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from neurograde.errors import NeurogradeError
from neurograde.maths.patch_grid import Margins
from neurograde.pages.review.session import Change, Review
from neurograde.pages.serve import Handler, application, assets_of
from neurograde.storage.decisions import Overtaken

KEPT = {"Cache-Control": "private, max-age=3600"}
SIDES = ("left", "top", "right", "bottom")


class NoSuchImage(Exception):
    """A request for an image that is not of this set."""


class ReviewPage:
    """Answers the requests of the page, one method a route."""

    def __init__(self, review: Review, finish: Callable[[], list[dict[str, str]]]) -> None:
        """Serve the page of `review`; `finish` is called when the reviewer is done, and returns the next steps."""
        self.review, self.next_steps = review, finish

    def app(self, port: int, token: str) -> ASGIApp:
        """Return the page on `port`, open to whoever has `token`."""
        routes = [
            Route("/api/progress", self.progress),
            Route("/api/images/{place:int}", self.show),
            Route("/api/images/{place:int}/picture", self.picture),
            Route("/api/images/{place:int}/thumbnail", self.thumbnail),
            Route("/api/images/{place:int}/tiles/{zoom}/{col:int}/{row:int}", self.tile),
            Route("/api/images/{place:int}/decision", self.decide, methods=["POST"]),
            Route("/api/finish", self.finish, methods=["POST"]),
        ]
        refusals = {NoSuchImage: 404, Overtaken: 409, ValidationError: 400, ValueError: 400, NeurogradeError: 500}
        assets = assets_of("neurograde.pages") | assets_of("neurograde.pages.review")
        handlers = {error: _refused(status) for error, status in refusals.items()}
        return application(routes, assets, port, token, handlers)

    def progress(self, _request: Request) -> Response:
        """Return the set: its images, and the progress of the reviewer."""
        return JSONResponse(self.review.progress())

    def show(self, request: Request) -> Response:
        """Return one image; with `patch_size_px` and margins in the query, the cost of another grid."""
        size, margins = request.query_params.get("patch_size_px"), None
        if size is not None:
            margins = Margins(**{side: int(request.query_params.get(side, 0)) for side in SIDES})
            if not 16 <= int(size) <= 4096:
                raise ValueError(f"patch_size_px = {size}; accepted: 16 to 4096")
        return JSONResponse(self.review.show(self._place(request), int(size) if size else None, margins))

    def picture(self, request: Request) -> Response:
        """Return the pixels of one image, as a JPEG."""
        data = self.review.open(self._place(request)).picture
        return Response(data, media_type="image/jpeg", headers=KEPT)

    def tile(self, request: Request) -> Response:
        """Return a tile of a slide, as a JPEG."""
        where = (int(request.path_params[name]) for name in ("zoom", "col", "row"))
        return Response(self.review.tile(self._place(request), *where), media_type="image/jpeg", headers=KEPT)

    def thumbnail(self, request: Request) -> Response:
        """Return the whole image, small."""
        return Response(self.review.thumbnail(self._place(request)), media_type="image/jpeg", headers=KEPT)

    async def decide(self, request: Request) -> Response:
        """Store a change to one image before answering."""
        change = Change.parse(await request.body())
        return JSONResponse(await run_in_threadpool(self.review.decide, self._place(request), change))

    def finish(self, _request: Request) -> Response:
        """Return the whole review: its cost, the agreement of reviewers, and the next steps."""
        self.review.refresh()
        return JSONResponse(self.review.progress() | {"next": self.next_steps()})

    def _place(self, request: Request) -> int:
        index: int = request.path_params["place"]
        if index >= len(self.review.images):
            raise NoSuchImage(f"image {index}; accepted: 0 to {len(self.review.images) - 1}")
        return index


def _refused(status: int) -> Handler:
    return lambda _request, error: JSONResponse({"error": str(error)}, status)
