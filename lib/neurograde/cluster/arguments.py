"""The arguments of a plan: rates and prices by device, the size of the data set."""

from __future__ import annotations

import argparse
import math

from neurograde.cluster.plan import WORKS
from neurograde.runtime.command import Parser


def declare_plan(parser: Parser) -> None:
    """Add the arguments that only a plan reads."""
    parser.add_argument("--samples", metavar="TRAIN,VALID", type=_pair, help="instead of the data set in the store")
    parser.add_argument("--regions", action="store_true", help="add the emissions in every region, on the first device")
    parser.add_argument("--gpu", metavar="NAME", action="append", default=[], help="plan for this board, or CPU")
    parser.add_argument(
        "--rate",
        metavar="DEVICE:WORK=PER_S",
        type=_rate,
        action="append",
        default=[],
        help=f"samples per second at one of {', '.join(WORKS)}, as make bench or your own run has it",
    )
    parser.add_argument(
        "--usd",
        metavar="DEVICE=PER_HOUR",
        type=_amount,
        action="append",
        default=[],
        help="the price of an hour of it, instead of the table's",
    )


def _pair(text: str) -> tuple[int, int]:
    train, valid = text.split(",")
    return int(train), int(valid)


def _rate(text: str) -> tuple[str, float]:
    name, amount = _amount(text)
    device, colon, work = name.partition(":")
    if not device or not colon or work not in WORKS:
        raise argparse.ArgumentTypeError(f"{text!r}: write DEVICE:WORK=PER_S, WORK one of {', '.join(WORKS)}")
    return name, amount


def _amount(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not name or not 0 < amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: a name, an equals sign and a number above 0 are accepted")
    return name, amount
