"""`GET /docs`: Swagger UI with nothing from another host (CONTRACT.md)."""

import re
from urllib.parse import urljoin, urlsplit

import pytest

from app.schemas.scopes import ScopeBody
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.assertions import assert_problem
from tests.support.parts import services_of
from tests.support.resources import new_resource


async def links_of(app: Application) -> list[str]:
    page = await app.http.get("/docs")
    assert page.status_code == 200
    return re.findall(r'(?:href|src)="([^"]+)"', page.text)


async def test_the_page_references_no_other_host(app: Application) -> None:
    page = await app.http.get("/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "://" not in page.text
    assert not re.search(r'(?:href|src)="//', page.text)
    assert all(not urlsplit(link).netloc for link in await links_of(app))


async def test_every_asset_of_the_page_is_served_locally(app: Application) -> None:
    links = await links_of(app)

    assert len(links) == 4
    for link in links:
        answer = await app.http.get(urljoin("/docs", link))
        assert answer.status_code == 200, link
        assert len(answer.content) > 100
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age" in answer.headers["cache-control"]


async def script_of(app: Application) -> str:
    """Our script has its content's hash in its name."""
    page = (await app.http.get("/docs")).text
    (found,) = re.findall(r'src="(/assets/docs-[0-9a-f]+\.js)"', page)
    return str(found)


async def test_scripts_and_styles_have_the_correct_content_type(app: Application) -> None:
    """`nosniff` makes browsers refuse anything else."""
    types = {
        "/docs/assets/swagger-ui-bundle.js": "text/javascript",
        "/docs/assets/swagger-ui.css": "text/css",
        "/assets/favicon.svg": "image/svg+xml",
        await script_of(app): "text/javascript",
    }

    for path, expected in types.items():
        answer = await app.http.get(path)
        assert answer.headers["content-type"].split(";")[0] == expected, path


async def test_the_page_has_its_own_content_security_policy_and_no_inline_scripts(
    app: Application,
) -> None:
    """SECURITY_BAR row 31 and the table of values"""
    page = await app.http.get("/docs")

    directives = dict(
        part.strip().partition(" ")[::2]
        for part in page.headers["content-security-policy"].split(";")
    )
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)


async def test_the_script_starts_swagger_ui_with_the_local_openapi_document(
    app: Application,
) -> None:
    script = (await app.http.get(await script_of(app))).text

    assert 'url: "openapi.json"' in script
    assert "validatorUrl: null" in script
    assert "://" not in script


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.css",
        "/assets/%00",
        "/assets/%2e%2e",
        "/assets/..%2ftemplates%2fdocs.html",
        "/assets/docs.js%00.svg",
        "/docs/assets/index.html",
        "/docs/assets/..%2f__init__.py",
        "/docs/assets/%2e%2e%2f__init__.py",
        "/docs/assets//etc/passwd",
        "/docs/assets/%2fetc%2fpasswd",
    ],
)
async def test_no_other_file_is_served(app: Application, path: str) -> None:
    """SECURITY_BAR row 45"""
    answer = await app.http.get(f"http://postern.test{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_documentation_can_be_switched_off(start_app: AppFactory) -> None:
    """SECURITY_BAR row 47"""
    app = await start_app(docs=False)

    for path in ("/docs", "/docs/assets/swagger-ui-bundle.js", "/openapi.json"):
        assert_problem(await app.http.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
async def test_the_default_documentation_pages_of_the_framework_are_disabled(
    app: Application, path: str
) -> None:
    assert_problem(await app.http.get(path), 404, "not_found")


async def test_the_page_offers_scopes_of_the_catalogue_and_of_resources(app: Application) -> None:
    """They are those that discovery lists; a scope of ours keeps its text"""
    oauth, name = services_of(app).oauth, app.new_name("invoices")
    body = ScopeBody(name=name, description="Read your invoices")
    before = await offered(app)
    await oauth.scopes.create(body, authority=FULL)
    shown = {"name": app.new_name("shown"), "description": "Read what is shown"}
    hidden = {"name": app.new_name("hidden"), "description": "Read what is hidden"}
    await new_resource(app, shows_metadata=True, scopes=[shown])
    await new_resource(app, scopes=[hidden])
    app.clock.advance(seconds=11)

    after = await offered(app)

    assert before.keys() == after.keys()
    for flow, scopes in after.items():
        assert scopes[name] == "Read your invoices"
        assert scopes[shown["name"]] == "Read what is shown"
        assert hidden["name"] not in scopes
        assert scopes["profile"] == before[flow]["profile"]


async def offered(app: Application) -> dict[str, dict[str, str]]:
    """Return the scopes of each flow in the document that the page reads."""
    document = (await app.http.get("/openapi.json")).json()
    flows = document["components"]["securitySchemes"]["OAuth2"]["flows"]
    return {name: flow["scopes"] for name, flow in flows.items()}
