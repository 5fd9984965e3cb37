"""Protected resource metadata: where it is published, and what a server sends (RFC 9728)."""

import pytest

from app.errors import DatabaseUnavailableError
from app.oauth.protected_resources import challenge, well_known_url
from app.repositories.oauth.resources import ResourceRepository
from app.services.oauth.resource_catalogue import CACHED_FOR
from tests.support.application import Application
from tests.support.authorization_types import new_type
from tests.support.resources import new_resource

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

ANYWHERE = {"origin": "https://app.example"}


def path_of(name: str) -> str:
    return f"/resources/{name}/metadata"


async def test_a_resource_that_shows_its_metadata_is_described(app: Application) -> None:
    """RFC 9728 section 2"""
    made = await new_resource(app, shows_metadata=True, token_format="jwt")

    answer = await app.http.get(path_of(made.name))

    assert answer.json() == {
        "resource": made.identifier,
        "authorization_servers": [app.settings.issuer_url],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
        "resource_name": made.title,
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_the_types_of_details_for_a_resource_are_listed(app: Application) -> None:
    """RFC 9728 section 2; not those that are for every audience"""
    made = await new_resource(app, shows_metadata=True)
    kind = await new_type(app, resources=[made.name])
    await new_type(app)

    document = (await app.http.get(path_of(made.name))).json()

    assert document["authorization_details_types_supported"] == [kind.name]


async def test_a_resource_without_scopes_lists_none(app: Application) -> None:
    """RFC 9728 section 3.2: a parameter with zero elements must be omitted"""
    made = await new_resource(app, shows_metadata=True, scopes=[])

    assert "scopes_supported" not in (await app.http.get(path_of(made.name))).json()


async def test_other_metadata_is_not_found_and_the_same_as_that_of_nothing(
    app: Application,
) -> None:
    hidden = await new_resource(app, shows_metadata=False)

    answers = [await app.http.get(path_of(name)) for name in (hidden.name, "nothing", "A%20b", "x")]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"] for answer in answers} == {"resource_not_found"}


async def test_apps_in_browsers_of_any_origin_may_read_it(app: Application) -> None:
    """SECURITY_BAR row 46"""
    made = await new_resource(app, shows_metadata=True)

    answer = await app.http.get(path_of(made.name), headers=ANYWHERE)
    preflight = await app.http.options(
        path_of(made.name),
        headers={
            **ANYWHERE,
            "access-control-request-method": "GET",
            "access-control-request-headers": "mcp-protocol-version",
        },
    )

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert preflight.headers["access-control-allow-methods"] == "GET"
    assert preflight.headers["access-control-allow-headers"] == "mcp-protocol-version"


@pytest.mark.parametrize(
    "path",
    ["/resources/a/b/metadata", "/resources//metadata", "/resources/a/metadata/", "/resources/a"],
)
async def test_no_other_path_allows_an_origin(app: Application, path: str) -> None:
    """SECURITY_BAR row 46"""
    answer = await app.http.get(path, headers=ANYWHERE)

    assert answer.status_code == 404
    assert "access-control-allow-origin" not in answer.headers


async def test_discovery_lists_public_resources_and_their_scopes_only(app: Application) -> None:
    """RFC 9728 section 4; RFC 8414 section 2"""
    scope = {"name": app.new_name("scope:"), "description": "Read"}
    secret = {"name": app.new_name("secret:"), "description": "Read"}
    shown = await new_resource(app, shows_metadata=True, scopes=[scope])
    hidden = await new_resource(app, shows_metadata=False, scopes=[secret])

    for document in ("openid-configuration", "oauth-authorization-server"):
        metadata = (await app.http.get(f"/.well-known/{document}")).json()
        assert shown.identifier in metadata["protected_resources"]
        assert hidden.identifier not in metadata["protected_resources"]
        assert scope["name"] in metadata["scopes_supported"]
        assert secret["name"] not in metadata["scopes_supported"]


async def test_a_scope_of_two_resources_is_listed_once(app: Application) -> None:
    for _ in "12":
        await new_resource(app, shows_metadata=True)

    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    assert metadata["scopes_supported"].count("read") == 1


async def test_discovery_does_not_depend_on_the_database(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last resources are used, and read again when that is possible"""
    made = await new_resource(app, shows_metadata=True)

    async def discovered() -> list[str]:
        answer = await app.http.get("/.well-known/openid-configuration")
        assert answer.status_code == 200
        identifiers: list[str] = answer.json()["protected_resources"]
        return identifiers

    async def fail(*_: object) -> None:
        raise DatabaseUnavailableError

    assert made.identifier in await discovered()
    app.clock.advance(seconds=CACHED_FOR.seconds + 1)
    with monkeypatch.context() as away:
        away.setattr(ResourceRepository, "list_all", fail)
        assert made.identifier in await discovered()
        assert (await app.http.get(path_of(made.name))).status_code == 503
    other = await new_resource(app, shows_metadata=True)
    app.clock.advance(seconds=CACHED_FOR.seconds + 1)

    assert other.identifier in await discovered()


@pytest.mark.parametrize(
    ("identifier", "url"),
    [
        ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
        (
            "https://api.example:8443/mcp",
            "https://api.example:8443/.well-known/oauth-protected-resource/mcp",
        ),
        (
            "https://api.example/a/b/",
            "https://api.example/.well-known/oauth-protected-resource/a/b/",
        ),
        (
            "https://api.example/a?t=1",
            "https://api.example/.well-known/oauth-protected-resource/a?t=1",
        ),
        ("https://api.example?t=1", "https://api.example/.well-known/oauth-protected-resource?t=1"),
        (
            "https://api.example/?t=1",
            "https://api.example/.well-known/oauth-protected-resource?t=1",
        ),
        ("urn:example:api", None),
        ("api://reports", None),
    ],
)
def test_the_well_known_path_is_inserted_after_the_host(identifier: str, url: str | None) -> None:
    """RFC 9728 section 3.1"""
    assert well_known_url(identifier) == url


def test_the_challenge_names_the_metadata() -> None:
    """RFC 9728 section 5.1"""
    line = challenge("https://api.example/.well-known/oauth-protected-resource")

    assert line == (
        "WWW-Authenticate: Bearer"
        ' resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
    )
