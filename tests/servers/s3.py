"""Amazon S3's API by moto, which honours `If-None-Match: *`; the lock makes that hold for threads too."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from urllib.parse import parse_qs, unquote, urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.servers.front import Answer

CODES = {401: "Unauthorized", 403: "AccessDenied", 412: "PreconditionFailed", 500: "InternalError", 503: "SlowDown"}


class Amazon:
    """The API over a store in memory."""

    def __init__(self) -> None:
        self.app, self.lock = DomainDispatcherApplication(create_backend_app), Lock()

    def open_bucket(self, name: str) -> None:
        s3_backends["123456789012"]["aws"].create_bucket(name, "us-east-1")

    def carry_out(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        url = urlsplit(target)
        environ = EnvironBuilder(
            base_url=f"http://{headers['Host']}",
            query_string=url.query,
            method=method,
            headers=list(headers.items()),
            data=body,
        ).get_environ()
        # A name may hold a question mark, which the builder would take for a query's.
        environ |= {"PATH_INFO": unquote(url.path, "latin-1"), "RAW_URI": target, "REQUEST_URI": target}
        with self.lock:
            if "HTTP_X_AMZ_COPY_SOURCE" in environ and environ.get("HTTP_IF_NONE_MATCH") == "*":
                # moto knows that condition of uploads alone
                _, head, _ = run_wsgi_app(self.app, environ | {"REQUEST_METHOD": "HEAD"}, buffered=True)
                if head.startswith("200"):
                    return self.refusal(412)
            chunks, status, answered = run_wsgi_app(self.app, environ, buffered=True)
        return Answer(int(status.split()[0]), b"".join(chunks), dict(answered))

    def refusal(self, status: int) -> Answer:
        code = CODES.get(status, str(status))
        error = f"<Error><Code>{code}</Code><Message>{code}, asked for by a test</Message></Error>"
        return Answer(status, error.encode(), {"Content-Type": "application/xml"})

    def is_listing(self, method: str, target: str) -> bool:
        return method == "GET" and "list-type" in parse_qs(urlsplit(target).query)

    def empty_listing(self, target: str) -> Answer:
        bucket = unquote(urlsplit(target).path).strip("/")
        listing = f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
        return Answer(200, listing.encode(), {"Content-Type": "application/xml"})
