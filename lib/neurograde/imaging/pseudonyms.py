"""Codes in place of case and file names; the key that makes them, and the table that undoes them, stay with the user.

A code is the start of an HMAC-SHA-256 of the name: the same name has the same code in every run with the same key,
and nobody without the key can find out whose it is, not even by trying likely names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from neurograde.errors import DataError
from neurograde.storage.backends.local import check_regular
from neurograde.storage.spreadsheets import encode_for_people

KEY_BYTES = 32
CODE_CHARACTERS = 10  # 50 bits: two of 10,000 names collide with a chance of 1 in 20 million


class Pseudonyms:
    """Codes made with the key in a local file, which is made on first use, readable by its owner only."""

    def __init__(self, key_file: str) -> None:
        """Open the key; DataError if the file holds something else."""
        self.path = Path(key_file).expanduser()
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            self.path.write_text(secrets.token_hex(KEY_BYTES) + "\n")
        check_regular(str(self.path), str(self.path))
        text = self.path.read_text().strip()
        try:
            self._key = bytes.fromhex(text)
        except ValueError:
            self._key = b""
        if len(self._key) != KEY_BYTES:
            raise DataError(f"{self.path}: no key of {2 * KEY_BYTES} hexadecimal digits; name a new file to make one")
        self.codes: dict[str, tuple[str, str]] = {}

    def code(self, kind: str, name: str) -> str:
        """Return the code of `name`, a `case` or an `image`: `case-` and ten letters and digits.

        Raises:
            DataError: Two names have one code.
        """
        digest = hmac.new(self._key, f"{kind}\0{name}".encode(), hashlib.sha256).digest()
        code = f"{kind}-{base64.b32encode(digest).decode().lower()[:CODE_CHARACTERS]}"
        if self.codes.setdefault(code, (kind, name)) != (kind, name):
            raise DataError(f"{self.path}: two names have the code {code}; use another key")
        return code

    def write_table(self) -> Path:
        """Write the table of codes beside the key, readable by its owner only; returns its path."""
        table = self.path.with_name(self.path.name + ".codes.csv")
        table.touch(mode=0o600)
        table.write_bytes(
            encode_for_people(("code", "kind", "name"), ((code, *self.codes[code]) for code in sorted(self.codes)))
        )
        return table


def code(pseudonyms: Pseudonyms | None, kind: str, name: str) -> str:
    """Return the name of a `case` or an `image` in the store: its code where names are replaced, else its name."""
    return pseudonyms.code(kind, name) if pseudonyms is not None else name
