"""`postern clients block-host`, `blocked-hosts` and `unblock-host`."""

import json

import pytest

from app.services.accounts.events import AccountEvent
from tests.cli.conftest import Postern
from tests.support.administration import id_of
from tests.support.application import Application
from tests.support.client_documents import stored_document
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
    url = f"https://{app.new_name('agent')}.example/client.json"
    await stored_document(services_of(app), url)
    command, *options = words

    shown = await postern("clients", "show", url, DATABASE_URL=app.settings.database_url)
    changed = await postern(
        "clients", command, url, *options, DATABASE_URL=app.settings.database_url
    )

    assert (shown.code, changed.code) == (0, 1)
    assert "client" in changed.errors
    assert await services_of(app).core.client_repository.find_document(url) is not None


async def test_the_audit_log_names_agents_by_their_urls(app: Application, postern: Postern) -> None:
    """A long URL is stored as a digest, which `--json` has beside the URL"""
    url = f"https://{app.new_name('agent')}.example/{'long' * 100}/client.json"
    client, user = await stored_document(services_of(app), url), await app.enrolled_user()
    await services_of(app).core.audit.record(
        AccountEvent.TOKEN_EXCHANGED,
        user_id=await id_of(app, user),
        client_id=client.client_id,
        actor=f"client:{client.client_id}",
        actors=["client:reports", f"client:{client.client_id}"],
    )

    async def listed(*options: str) -> str:
        result = await postern(
            "audit", "list", "--client", url, *options, DATABASE_URL=app.settings.database_url
        )
        assert result.code == 0, result.errors
        return result.output

    text, [event] = await listed(), json.loads(await listed("--json"))

    assert "client:reports" in text
    assert url in text
    assert client.client_id not in text
    assert (event["client_id"], event["client_url"]) == (client.client_id, url)
    assert event["details"]["actors"][0] == "client:reports"
