"""The progress of a grid for the terminal: a line of totals, then a row per shard, running and failing ones first."""

from __future__ import annotations

import sys

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from neurograde.pages.watch.views import GridView, ShardView, State
from neurograde.runtime.progress import duration, pace

console = Console(width=None if sys.stdout.isatty() else 180)
"""Standard output: the progress is data, not log."""
STYLES: dict[State, str] = {
    "running": "bold green",
    "stale": "bold yellow",
    "failed": "bold red",
    "diverged": "red",
    "stopped": "yellow",
    "waiting": "dim",
    "done": "cyan",
}
"""States in the order in which they are shown."""
MASS = ("kg", "g", "mg")


def view(grid: GridView, rows: int) -> Group:
    """Return the totals, at most `rows` shards, and the number of shards left out."""
    order = list(STYLES)
    shards = sorted(grid.shards, key=lambda shard: order.index(shard.state))
    table = Table(box=None, pad_edge=False, expand=False)
    for column in ("shard", "state", "epoch", "", "rate", "left", "CO2e", "wasted", "attempt", "where"):
        is_text = column in ("shard", "state", "", "where")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=column != "where", overflow="fold")
    for shard in shards[:rows]:
        table.add_row(*_row(shard))
    left = len(shards) - rows
    more = [Text(f"and {left:,} more shard{'s' if left > 1 else ''}", style="dim")] if left > 0 else []
    return Group(Text(headline(grid), style="bold"), Text(carbon(grid)), Text(), table, *more)


def headline(grid: GridView) -> str:
    """Return the progress of the grid in one line."""
    counts = {state: grid.count(state) for state in STYLES}
    shards = ", ".join(f"{number:,} {state}" for state, number in counts.items() if number)
    done, all_ = grid.epochs_done, grid.epochs_all
    rate = ""
    if grid.count("running"):
        rate = f" · {pace(grid.epochs_per_second)}"
        if grid.seconds_left is not None:
            rate += f" · {duration(grid.seconds_left)} left"
    share = f"{100 * done / max(1, all_):.1f} %"
    following = f" · next: {grid.next_shard}" if grid.next_shard else ""
    return f"{grid.name}: {done:,} of {all_:,} session-epochs ({share}){rate} · shards: {shards}{following}"


def carbon(grid: GridView) -> str:
    """Return energy and emissions of the grid so far in one line."""
    spent, wasted = grid.total("co2e_kg"), grid.total("wasted_kg")
    share = (f", {100 * wasted / spent:.1f} %" if wasted else ", none") + " of it wasted" if spent else ""
    energy, mass = amount(grid.total("kwh"), ("kWh", "Wh", "mWh")), amount(spent, MASS)
    return f"{energy}, {mass} CO2e so far{share}"


def amount(value: float, units: tuple[str, str, str]) -> str:
    """Format an amount in the largest unit, a thousandth or a millionth of it, so that its digits are not zeros.

    >>> amount(508.33, MASS), amount(0.00042, MASS), amount(0.0, MASS)
    ('508 kg', '420 mg', '0 mg')
    """
    step = 0 if value >= 1 else 1 if value >= 1e-3 else 2
    scaled = value * 1000.0**step
    places = 0 if scaled >= 100 or not scaled else 1 if scaled >= 10 else 2
    return f"{scaled:,.{places}f} {units[step]}"


def _row(shard: ShardView) -> tuple[Text | ProgressBar | str, ...]:
    ending = f" ({shard.exit_code})" if shard.exit_code is not None else ""
    age = f", heartbeat {duration(shard.heartbeat_seconds)} ago" if shard.state == "stale" else ""
    lost = f", {shard.diverged} diverged" if shard.diverged and shard.state != "diverged" else ""
    return (
        shard.name,
        Text(f"{shard.state}{ending}{age}{lost}", style=STYLES[shard.state]),
        f"{'–' if shard.epoch is None else shard.epoch}/{shard.epochs}",
        ProgressBar(total=max(1, shard.epochs_all), completed=shard.epochs_done, width=12),
        pace(shard.epochs_per_second) if shard.epochs_per_second else "–",
        duration(shard.seconds_left),
        *(amount(mass, MASS) if mass else "–" for mass in (shard.co2e_kg, shard.wasted_kg)),
        str(shard.attempt or "–"),
        shard.machine,
    )
