"""What users allowed a client, and the tokens that it has: parts of its page, and lists."""

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from app.models.oauth.actors import parse_actors
from app.pages.admin.object_forms import ObjectRequest
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Link, Listing, Part, Table, user_cell
from app.repositories.clients.consents import NamedConsent
from app.repositories.oauth.client_tokens import AccessPosition, ClientFamily, FamilyPosition
from app.services.clients.agents import Naming
from app.services.clients.client_tokens import FAMILY_ID_LENGTH, ClientTokens, TokenPosition

CONSENTS, TOKENS = "consents", "tokens"
AFTER_ID = f"{AFTER}_id"
FIRST = 10
"""How many rows the page of a client shows."""


async def part_of_consents(request: ObjectRequest, client_id: str) -> Part:
    text, rows = request.text, await _consents(request, client_id, limit=FIRST + 1)
    links = [Link(text("Show all consents"), f"{request.url}/{CONSENTS}")]
    return Part(
        text("Consents"),
        _table_of_consents(request, rows[:FIRST]),
        links=links if len(rows) > FIRST else (),
    )


async def part_of_tokens(request: ObjectRequest, client_id: str) -> Part:
    text, rows = request.text, await _tokens(request, client_id, limit=FIRST + 1)
    links = [Link(text("Show all tokens"), f"{request.url}/{TOKENS}")]
    return Part(
        text("Tokens"),
        await _table_of_tokens(request, rows[:FIRST]),
        links=links if len(rows) > FIRST else (),
    )


async def list_of_consents(request: ObjectRequest, client_id: str) -> Response:
    rows = await _consents(request, client_id, after=request.query(AFTER), limit=PAGE_SIZE + 1)
    shown, pager = pages_of(request, rows, position=lambda each: {AFTER: each.user_id})
    listing = Listing(
        heading=request.text("Consents"),
        links=[Link(request.text("Back to the client"), request.url)],
        table=_table_of_consents(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def list_of_tokens(request: ObjectRequest, client_id: str) -> Response:
    rows = await _tokens(request, client_id, after=_position_in(request), limit=PAGE_SIZE + 1)
    shown, pager = pages_of(request, rows, position=_position_of)
    listing = Listing(
        heading=request.text("Tokens"),
        links=[Link(request.text("Back to the client"), request.url)],
        table=await _table_of_tokens(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def _consents(
    request: ObjectRequest, client_id: str, *, after: str = "", limit: int
) -> Sequence[NamedConsent]:
    return await request.services.clients.client_consents.list_page(
        client_id, after=after, limit=limit
    )


async def _tokens(
    request: ObjectRequest, client_id: str, *, after: TokenPosition | None = None, limit: int
) -> Sequence[ClientTokens]:
    return await request.services.clients.client_tokens.list_page(
        client_id, after=after, limit=limit
    )


def _table_of_consents(request: ObjectRequest, rows: Sequence[NamedConsent]) -> Table:
    text = request.text
    return Table(
        columns=[text("User"), text("Scopes"), text("Resources"), text("Allowed")],
        rows=[
            [
                user_cell(each.username, each.user_id),
                Cell(each.scope, words=text("None")),
                Cell(_resources_in(each), words=text("None")),
                Cell(at=each.granted_at),
            ]
            for each in rows
        ],
        empty=text("Users appear here when they allow this client to act for them."),
    )


def _resources_in(consent: NamedConsent) -> str:
    """Return the resources of a consent, each with the scopes that were granted there."""
    scopes = consent.granted.scopes
    return ", ".join(" ".join((identifier, *names)) for identifier, names in scopes.items())


async def _table_of_tokens(request: ObjectRequest, rows: Sequence[ClientTokens]) -> Table:
    text = request.text
    families = [each for each in rows if isinstance(each, ClientFamily)]
    naming = await request.services.clients.agents.naming(
        each
        for family in families
        for each in (family.actors or "", family.subject_client_id or "")
    )
    return Table(
        columns=[
            *(text("User"), text("Scopes"), text("Actors"), text("Since"), text("Expires")),
        ],
        rows=[_row_of_tokens(request, each, naming) for each in rows],
        empty=text(
            "Valid tokens appear here: one row for each sign-in of a user, and for each token that "
            "was exchanged."
        ),
    )


def _row_of_tokens(request: ObjectRequest, tokens: ClientTokens, naming: Naming) -> list[Cell]:
    text = request.text
    if not isinstance(tokens, ClientFamily):
        return [
            Cell(words=text("The client itself")),
            Cell(tokens.scope, words=text("None")),
            Cell(),
            Cell(at=tokens.issued_at),
            Cell(at=tokens.expires_at),
        ]
    user = Cell(tokens.about_client_id or "", words=text("The client itself"))
    if tokens.user_id is not None:
        user = user_cell(tokens.username or tokens.user_id, tokens.user_id)
    return [
        user,
        Cell(tokens.scope, words=text("None")),
        _actors_cell(request, tokens, naming),
        Cell(at=tokens.created_at),
        Cell(at=tokens.expires_at),
    ]


def _actors_cell(request: ObjectRequest, family: ClientFamily, naming: Naming) -> Cell:
    """Return who acts by an exchanged token, the current one first, and for whose token."""
    if family.subject_client_id is None:
        return Cell()
    source = naming(family.subject_client_id)
    return Cell(
        ", ".join(naming(each.named) for each in parse_actors(family.actors)),
        small=request.text("for a token of %(client)s") % {"client": source},
    )


def _position_of(tokens: ClientTokens) -> dict[str, str]:
    at, key = tokens.position
    return {AFTER: at.isoformat(), AFTER_ID: key if isinstance(key, str) else key.hex()}


def _position_in(request: ObjectRequest) -> TokenPosition | None:
    """Return the position of the last row of the page before."""
    key = request.query(AFTER_ID)
    try:
        at = datetime.fromisoformat(request.query(AFTER)).astimezone(UTC)
        if len(key) == FAMILY_ID_LENGTH:
            return FamilyPosition(at, key)
        return AccessPosition(at, bytes.fromhex(key))
    except (ValueError, OverflowError):
        return None
