"""`postern clients block-host`, `blocked-hosts` and `unblock-host`."""

import json

import pytest

from app.models.clients.client_documents import ClientDocument
from app.security.document_urls import host_in
from tests.cli.conftest import Postern
from tests.support.application import Application
from tests.support.parts import services_of


async def test_a_host_is_blocked_listed_and_unblocked(app: Application, postern: Postern) -> None:
    url = app.settings.database_url

    async def run(*arguments: str) -> tuple[int, str]:
        result = await postern("clients", *arguments, DATABASE_URL=url)
        return result.code, result.output or result.errors

    blocked = await run("block-host", "--json", "Agent.example.")
    listed = await run("blocked-hosts", "--json")
    unblocked = await run("unblock-host", "--json", "agent.example")
    again = await run("unblock-host", "agent.example")
    wrong = await run("block-host", "https://agent.example")

    assert json.loads(blocked[1]) == {"blocked": "agent.example"}
    assert [each["host"] for each in json.loads(listed[1])] == ["agent.example"]
    assert json.loads(unblocked[1]) == {"unblocked": "agent.example"}
    assert again == (1, "postern: The host is not blocked.\n")
    assert wrong == (1, "postern: The host must be a name such as app.example.com.\n")


@pytest.mark.parametrize(
    "words", [["disable"], ["rotate-secret"], ["policy", "--access-token-ttl", "60"]]
)
async def test_a_client_with_a_document_cannot_be_changed(
    app: Application, postern: Postern, words: list[str]
) -> None:
    """It is what its publisher says it is; its host can be blocked"""
    core, now = services_of(app).core, app.clock.now()
    url = f"https://{app.new_name('agent')}.example/client.json"
    members = json.dumps(
        {
            "client_name": "An agent",
            "redirect_uris": "https://app.example.com/",
            "grant_types": "authorization_code",
            "scope": "openid",
            "policies": None,
            "token_endpoint_auth_method": "none",
            "metadata": {},
        }
    )
    document = ClientDocument(
        url, url, host_in(url), members, 0, None, None, None, now, now, now, now
    )
    documents = services_of(app).clients.client_document_repository
    await documents.store(document, ended=(), now=now, event=None)
    command, *options = words

    shown = await postern("clients", "show", url, DATABASE_URL=app.settings.database_url)
    changed = await postern(
        "clients", command, url, *options, DATABASE_URL=app.settings.database_url
    )

    assert (shown.code, changed.code) == (0, 1)
    assert "client" in changed.errors
    assert await core.client_repository.find_document(url) is not None
