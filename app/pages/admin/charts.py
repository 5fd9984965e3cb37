"""Charts of the dashboard: bars of days as SVG, with the numbers as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.models.operations.activity import ActivityCount
from app.pages.admin.views import Cell, Table

DAYS = 14
WIDTH, HEIGHT, GAP = 280, 80, 4
"""The size of the drawing, in units of its view box."""
SMALLEST = 2
"""The height of a bar that is not empty, however small its number is."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the bar of a day; `tone` is the class of its colour, "" for that of the brand."""

    x: int
    y: int
    width: int
    height: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its heading. `summary` says its content in a sentence.

    `legend` says what the tones mean, where the heading and the summary don't.
    """

    name: str
    heading: str
    summary: str
    bars: Sequence[Bar]
    table: Table
    legend: Mapping[str, str] = field(default_factory=dict)
    width: int = WIDTH
    height: int = HEIGHT


def first_day(now: datetime) -> datetime:
    """Return the beginning of the first day that charts show, in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)


def by_day(counts: Sequence[ActivityCount], *, since: datetime) -> dict[date, int]:
    """Return the sums of each day, also of those without any."""
    days = {(since + timedelta(days=number)).date(): 0 for number in range(DAYS)}
    for each in counts:
        if each.hour.date() in days:
            days[each.hour.date()] += each.count
    return days


def bars_of(series: Mapping[str, Mapping[date, int]]) -> Sequence[Bar]:
    """Return a bar for each day: the series on top of each other, by the tones of their parts."""
    days = list(next(iter(series.values())))
    highest = max(sum(each[day] for each in series.values()) for day in days)
    step, bars = WIDTH // DAYS, list[Bar]()
    for number, day in enumerate(days):
        base = HEIGHT
        for tone, values in series.items():
            value = values[day]
            height = max(SMALLEST, round(value / highest * HEIGHT)) if value else 0
            height = min(height, base)
            base -= height
            if height:
                bars.append(Bar(number * step, base, step - GAP, height, tone))
    return bars


def table_of_days(columns: Sequence[str], series: Sequence[Mapping[date, int]]) -> Table:
    """Return the days that have a number, the newest first."""
    days = [day for day in reversed(list(series[0])) if any(each[day] for each in series)]
    return Table(
        columns=columns,
        rows=[[Cell(day.isoformat()), *(Cell(str(each[day])) for each in series)] for day in days],
        empty="",
    )
