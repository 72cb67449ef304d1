"""Serve one API until standard input is closed, so that no server outlives its test: `python -m tests.servers gcs`."""

from __future__ import annotations

import sys
import threading

from tests.servers.front import Front


def main(name: str) -> None:
    if name == "gcs":
        from tests.servers.gcs import Google as Backend
    else:
        from tests.servers.s3 import Amazon as Backend
    front = Front(Backend())
    threading.Thread(target=front.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{front.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
