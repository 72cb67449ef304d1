"""audit: audit anybody's split, from a list or folders, without spec or store: is anything on both sides?

    python -m jobs.audit splits_0.csv splits_1.csv --out audit
    python -m jobs.audit dataset/                         folders train, valid, test of images, pixels too
    python -m jobs.audit split.csv --beside slides.csv --family '^(P[0-9]+)_'
    python -m jobs.audit split.csv --features features.npz         features: do neighbours share class or family?

Reads   CSV and TSV of any columns, CLAM's splits_k.csv, JSON of lists, NPZ of names, folders of images
Writes  OUT/audit.html   one page: both sides, pixels, balance and D, what the test can decide
           /audit.json   every number, with a digest
           /badge.svg    one line for a README
Exits   65 if anything is on both sides, else 0
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from neurograde.audit.audit import audit as audit_of
from neurograde.audit.features import class_against_family, read_features
from neurograde.audit.folders import with_files
from neurograde.audit.known import Rules, complete, family_pattern
from neurograde.audit.lists import Columns
from neurograde.audit.sources import read_sources, subset_names
from neurograde.audit.tables import read_table
from neurograde.errors import DataError, UsageError
from neurograde.maths.accuracy_width import ACCURACY
from neurograde.maths.digest import sha256_hex
from neurograde.runtime import invocation
from neurograde.runtime.command import Parser, command
from neurograde.runtime.log import log


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", type=Path, help="a list, or a folder of lists or images"
    )
    parser.add_argument(
        "--beside", metavar="TABLE", type=Path, help="table that tells patient, slide or class of names"
    )
    parser.add_argument("--family", metavar="REGEX", help="regular expression for the patient within a name")
    for role in ("item", "subset", "patient", "slide", "label"):
        parser.add_argument(f"--{role}", metavar="COLUMN", help=f"column of the {role}")
    parser.add_argument("--items-are", choices=("image", "slide", "patient"), help="what a name stands for")
    parser.add_argument(
        "--as", dest="subsets", metavar="NAME=SUBSET", action="append", default=[], help="a subset's name"
    )
    parser.add_argument(
        "--accuracy", type=float, default=ACCURACY, help=f"true accuracy that the width assumes ({ACCURACY})"
    )
    parser.add_argument(
        "--images", metavar="FOLDER", type=Path, help="images of a list's names, to compare their pixels"
    )
    parser.add_argument(
        "--features", metavar="FILE", type=Path, help="features of the items, NPZ or CSV: do they tell class or family?"
    )
    parser.add_argument("--names-only", action="store_true", help="do not look at the pixels of images")
    parser.add_argument(
        "--out", default="audit", metavar="FOLDER", help="where page, JSON and badge are written (audit)"
    )


@command(declare)
def audit(arguments: argparse.Namespace) -> int:
    """Audit the split; print where the page is."""
    result = audited(arguments)
    out = Path(arguments.out)
    write(out, result, invocation.kept("audit", shlex.join(arguments.words)))
    print(out / "audit.html")
    return DataError.exit_code if result["both_sides"] else 0


def audited(arguments: argparse.Namespace) -> dict[str, object]:
    """Return audit.json: read the sources, complete what is known, look at pixels, count."""
    if not 0 < arguments.accuracy < 1:
        raise UsageError(f"--accuracy {arguments.accuracy}: a number between 0 and 1 is accepted")
    roles = {role: getattr(arguments, role) for role in ("item", "subset", "patient", "slide", "label")}
    columns = Columns(**roles, subsets=subset_names(arguments.subsets))
    folds, digests = read_sources(arguments.sources, columns)
    if arguments.images:
        folds = [with_files(fold, arguments.images) for fold in folds]
    rules = Rules(
        columns,
        family_pattern(arguments.family) if arguments.family else None,
        arguments.items_are,
        read_table(arguments.beside) if arguments.beside else None,
    )
    known = complete(folds, rules)
    pixels = []
    if not arguments.names_only and any(item.path for fold in known.folds for item in fold.items):
        from neurograde.imaging.twins import look_at_images

        pixels = [look_at_images(fold.items) for fold in known.folds]
    robustness = None
    if arguments.features:
        source, items = str(arguments.features), [item for fold in known.folds for item in fold.items]
        robustness = class_against_family(items, read_features(arguments.features), source)
        digests |= {source: sha256_hex(arguments.features.read_bytes())}
    return audit_of(known, digests, arguments.accuracy, pixels, robustness)


def write(out: Path, result: dict[str, object], command: str) -> None:
    """Write page, JSON and badge, and log the verdict."""
    from neurograde.reports.audit import audit_badge, audit_page, on_both_sides

    out.mkdir(parents=True, exist_ok=True)
    (out / "audit.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "audit.html").write_bytes(audit_page("Audit of a split", result, command).html())
    (out / "badge.svg").write_text(audit_badge(result), encoding="utf-8")
    log.log(30 if result["both_sides"] else 20, on_both_sides(result))


if __name__ == "__main__":
    sys.exit(audit.main())
