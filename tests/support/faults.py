"""The requests that a server of tests may fail, and the faults that pass."""

from __future__ import annotations

ANY = "GET|HEAD|PUT|POST|DELETE"


PASSING = ["503", "500", "429", "408", "507", "reset", "lost", "truncated"]
