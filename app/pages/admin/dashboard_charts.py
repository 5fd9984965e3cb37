"""What the dashboard says about the last days: three charts, the top clients, and refusals."""

from collections.abc import Sequence

from app.pages.admin.base import ConsoleRequest
from app.pages.admin.charts import Chart, bars_of, by_day, first_day, table_of_days
from app.pages.admin.client_links import client_cell
from app.pages.admin.refusals import PATH as REFUSALS
from app.pages.admin.refusals import table_of_refusals
from app.pages.admin.views import Cell, Link, Part, Table
from app.services.operations.activity import ActivityKind
from app.services.operations.refusals import ActivityService

BAD, OTHERS = "bad", "bad others"
TONES = (BAD, "bad second", "bad third", "bad fourth", "bad fifth")
"""The classes of the most frequent reasons, the first one in full colour."""
MOST = len(TONES)
"""How many clients, reasons and refusals the page shows."""


async def charts_of(request: ConsoleRequest) -> Sequence[Chart]:
    return [await _sign_ins(request), await _tokens(request), await _refusals(request)]


async def part_of_top_clients(request: ConsoleRequest) -> Part:
    text = request.text
    top = await _counts(request).top(
        ActivityKind.TOKENS, since=first_day(request.services.core.clock.now()), limit=MOST
    )
    naming = await request.services.clients.agents.naming(each.key for each in top)
    return Part(
        text("Top clients"),
        Table(
            columns=[text("Client ID"), text("Tokens")],
            rows=[[client_cell(each.key, naming), Cell(str(each.count))] for each in top],
            empty=text("The clients with the most tokens appear here."),
        ),
    )


async def part_of_refusals(request: ConsoleRequest) -> Part:
    newest = await request.services.operations.activity.refusals.list_page(limit=MOST)
    return Part(
        request.text("Refusals to look at"),
        table_of_refusals(request, newest, is_filtered=False),
        links=[Link(request.text("Show all refusals"), REFUSALS)],
    )


async def _sign_ins(request: ConsoleRequest) -> Chart:
    text, since = request.text, first_day(request.services.core.clock.now())
    counts = await _counts(request).by_hour(ActivityKind.SIGN_INS, since=since)
    succeeded, refused = (
        by_day([each for each in counts if each.key == key], since=since)
        for key in ("succeeded", "refused")
    )
    return Chart(
        name="sign-ins",
        heading=text("Sign-ins"),
        summary=text("%(succeeded)d succeeded and %(refused)d refused in 14 days")
        % {"succeeded": sum(succeeded.values()), "refused": sum(refused.values())},
        bars=bars_of({"": succeeded, BAD: refused}),
        table=table_of_days(
            [text("Day"), text("Succeeded"), text("Refused")], [succeeded, refused]
        ),
    )


async def _tokens(request: ConsoleRequest) -> Chart:
    text, since = request.text, first_day(request.services.core.clock.now())
    days = by_day(await _counts(request).totals(ActivityKind.TOKENS, since=since), since=since)
    return Chart(
        name="tokens",
        heading=text("Tokens"),
        summary=text("%(number)d token responses in 14 days") % {"number": sum(days.values())},
        bars=bars_of({"": days}),
        table=table_of_days([text("Day"), text("Tokens")], [days]),
    )


async def _refusals(request: ConsoleRequest) -> Chart:
    """Return the refusals by day, and by the most frequent reasons."""
    text, since = request.text, first_day(request.services.core.clock.now())
    days = by_day(await _counts(request).totals(ActivityKind.REFUSALS, since=since), since=since)
    top = await _counts(request).top(ActivityKind.REFUSALS, since=since, limit=MOST)
    rules = [each.key for each in top]
    counts = await _counts(request).by_hour(ActivityKind.REFUSALS, since=since, keys=rules)
    by_rule = {
        rule: by_day([each for each in counts if each.key == rule], since=since) for rule in rules
    }
    others = {
        day: number - sum(by_rule[rule][day] for rule in rules) for day, number in days.items()
    }
    tones = dict(zip(TONES, rules, strict=False))
    return Chart(
        name="refusals",
        heading=text("Refusals by reason"),
        summary=text("%(number)d refused requests in 14 days") % {"number": sum(days.values())},
        bars=bars_of({**{tone: by_rule[rule] for tone, rule in tones.items()}, OTHERS: others}),
        table=Table(
            columns=[text("Day"), text("Rule"), text("Requests")],
            rows=[
                [Cell(day.isoformat()), Cell(rule), Cell(str(by_rule[rule][day]))]
                for day in reversed(days)
                for rule in rules
                if by_rule[rule][day]
            ],
            empty="",
        ),
        legend={**tones, OTHERS: text("Others")} if any(others.values()) else tones,
    )


def _counts(request: ConsoleRequest) -> ActivityService:
    return request.services.operations.activity.counts
