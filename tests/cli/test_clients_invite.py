"""`postern clients invite`: what cannot be stored is one line, and nothing is made."""

import json

import pytest

from tests.cli.conftest import Postern
from tests.support.application import Application
from tests.support.parts import count, services_of


@pytest.mark.parametrize("label", ["x" * 201, "a\x00b", "\udcff", "two\nlines"])
async def test_a_label_that_cannot_be_stored_is_refused(
    app: Application, postern: Postern, label: str
) -> None:
    """SECURITY_BAR row 44"""
    before = await count(services_of(app).core.database, "initial_access_tokens")

    result = await postern(
        "clients", "invite", "--label", label, DATABASE_URL=app.settings.database_url
    )

    assert result.code == 1
    assert result.output == ""
    assert result.errors == "postern: --label must have at most 200 characters, all printable.\n"
    assert await count(services_of(app).core.database, "initial_access_tokens") == before


async def test_an_invitation_is_a_long_token_with_the_prefix_of_its_kind(
    app: Application, postern: Postern
) -> None:
    """SECURITY_BAR, values to ship: 256 bits, a prefix by kind"""
    result = await postern(
        "clients", "invite", "--json", "--label", "Zoë", DATABASE_URL=app.settings.database_url
    )

    token = json.loads(result.output)["initial_access_token"]
    assert token.startswith("postern_ia_")
    assert len(token) >= 48
    tokens = services_of(app).clients.initial_access_tokens
    assert await tokens.is_valid(token)
    assert not await tokens.is_valid(token[:-1])
