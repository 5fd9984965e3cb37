"""`GET /openapi.json`: the API as it is (OpenAPI 3.1.0)."""

import asyncio
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.oauth.grants import GRANTS
from app.pages import PAGES as PAGE_ROUTERS
from app.pages.account.registry import ACCOUNT_PAGES, account_routers
from app.routers import hot_endpoints, openapi, routers
from app.routers.admin.registry import ADMIN_ROUTERS
from app.schemas.clients import DEFAULT_SCOPE
from tests.conftest import AppFactory
from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.application import Application

FORM = "application/x-www-form-urlencoded"
Schema = dict[str, Any]


@pytest_asyncio.fixture
async def schema(app: Application) -> Schema:
    answer = await app.http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: Schema = answer.json()
    return found


def operations(schema: Schema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def resolve(schema: Schema, value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = schema
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


def every(value: Any, name: str) -> Iterator[Any]:
    """Every value of that name, however deep."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from every(each, name)


async def test_the_document_has_the_structure_of_openapi_3_1(schema: Schema) -> None:
    assert re.fullmatch(r"3\.1\.\d+", schema["openapi"])
    assert schema["info"]["title"] == "Postern"
    assert schema["info"]["version"]
    for method, path, operation in operations(schema):
        assert path.startswith("/")
        assert method in {"get", "put", "post", "delete", "options", "head", "patch"}
        assert operation["responses"], path
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|default", status)
            assert response["description"]
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
    assert schema["components"].keys() <= {"schemas", "securitySchemes"}


async def test_operations_have_unique_ids_and_descriptions(schema: Schema) -> None:
    names = [operation["operationId"] for _, _, operation in operations(schema)]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert {"register_user", "token", "introspect", "read_client", "check_live"} <= set(names)
    assert not [name for name in names if re.search("_(get|put|delete)$", name)]
    assert all(operation["summary"] for _, _, operation in operations(schema))
    assert all(operation.get("description") for _, _, operation in operations(schema))


async def test_every_reference_resolves(schema: Schema) -> None:
    references = list(every(schema, "$ref"))

    assert references
    for reference in references:
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in schema["components"]["schemas"], reference


async def test_every_security_scheme_of_an_operation_is_defined(schema: Schema) -> None:
    schemes = schema["components"]["securitySchemes"]

    for _, _, operation in operations(schema):
        for alternative in operation.get("security", []):
            assert alternative.keys() <= schemes.keys()


async def test_authorize_offers_each_flow_with_the_default_scope_of_create_client(
    schema: Schema,
) -> None:
    """CONTRACT: "Authorize" works; "select all scopes" stays within what such a client has"""
    flows = schema["components"]["securitySchemes"]["OAuth2"]["flows"]

    assert flows.keys() == {"password", "clientCredentials", "authorizationCode"}
    for flow in flows.values():
        assert flow["tokenUrl"] == "/token"
        assert " ".join(flow["scopes"]) == DEFAULT_SCOPE
    assert flows["authorizationCode"]["authorizationUrl"] == "/authorize"
    assert schema["paths"]["/profile"]["get"]["security"] == [{"OAuth2": []}]


async def test_the_token_endpoint_describes_one_form_for_each_grant(schema: Schema) -> None:
    body = schema["paths"]["/token"]["post"]["requestBody"]["content"]

    assert body.keys() == {FORM}
    forms = [resolve(schema, each) for each in body[FORM]["schema"]["oneOf"]]
    assert [form["properties"]["grant_type"]["const"] for form in forms] == [
        grant.grant_type for grant in GRANTS
    ]
    assert all("grant_type" in form["required"] for form in forms)


async def test_the_token_endpoint_has_a_named_example_for_each_grant(schema: Schema) -> None:
    """Swagger UI makes a drop-down of them."""
    body = schema["paths"]["/token"]["post"]["requestBody"]["content"][FORM]
    forms = {
        form["properties"]["grant_type"]["const"]: form
        for form in (resolve(schema, each) for each in body["schema"]["oneOf"])
    }

    assert body["examples"].keys() == forms.keys()
    for name, example in body["examples"].items():
        assert example["summary"]
        assert example["value"]["grant_type"] == name
        assert set(forms[name]["required"]) <= example["value"].keys()
        assert example["value"].keys() <= forms[name]["properties"].keys()


async def test_every_post_has_an_example(schema: Schema) -> None:
    """CONTRACT: "Try it out" for every call"""
    posts = [each for each in operations(schema) if each[0] == "post" and "requestBody" in each[2]]

    assert len(posts) >= 7
    for _, path, operation in posts:
        (media,) = operation["requestBody"]["content"].values()
        assert "examples" in media or resolve(schema, media["schema"]).get("examples"), path


async def test_the_server_accepts_the_examples_of_json_bodies(
    app: Application, schema: Schema
) -> None:
    tried = 0
    for method, path, operation in operations(schema):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None:
            continue
        for example in resolve(schema, body["schema"])["examples"]:
            answer = await app.http.request(method, path, json=example)
            assert answer.status_code in (200, 201, 401, 409), (path, answer.text)
            tried += 1

    assert tried >= 10


async def test_the_document_contains_every_call_of_the_contract(schema: Schema) -> None:
    calls = {(method, path) for method, path, _ in operations(schema)}

    assert calls >= {
        ("post", "/register_user"),
        ("post", "/verify_otp"),
        ("post", "/enroll_otp"),
        ("post", "/create_client"),
        ("post", "/token"),
        ("post", "/introspect"),
        ("post", "/revoke"),
        ("get", "/profile"),
        ("get", "/"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("get", "/.well-known/oauth-authorization-server"),
        ("get", "/qr_code/{username}"),
    }


PAGES = {
    "account", "assets", "consent", "create-account", "device", "docs", "known-network", "login",
    "admin", "recover", "recovery-codes", "select-account", "verify-email",
}  # fmt: skip
"""The first parts of the paths of pages: users meet them, no client calls them."""
STEPS = {
    "/.well-known/change-password",
    "/authorize/resume",
    "/invitation",
    "/no-access",
    "/logout/confirm",
    "/clients/logo",
    "/clients/{client_id}/logo",
    "/favicon.ico",
    "/admin/api/v1/openapi.json",
}
"""Steps between pages, pictures, and the description of a part."""


async def test_every_route_that_a_client_may_call_is_described(schema: Schema) -> None:
    """The routes and the description are compared, HEAD and OPTIONS aside."""
    account = [router for router, _ in account_routers(ACCOUNT_PAGES)]
    served = {
        (method, str(route.path_format))
        for router in (
            *routers(hot_endpoints(GRANTS)),
            *ADMIN_ROUTERS,
            *PAGE_ROUTERS,
            *account,
        )
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"HEAD", "OPTIONS"}
    }
    described = {(method.upper(), path) for method, path, _ in operations(schema)}

    pages = {
        (method, path)
        for method, path in served
        if path.split("/")[1] in PAGES and not path.startswith(PREFIX)
    }
    assert described - served == set()
    assert {path for _, path in served - described - pages} <= STEPS
    assert described & pages == set()


async def test_the_default_validation_error_schemas_are_not_included(schema: Schema) -> None:
    """The framework's own 422 repeats the input; ours are problem details."""
    assert not schema["components"]["schemas"].keys() & {"HTTPValidationError", "ValidationError"}


async def test_a_form_has_no_null_default_and_an_example_of_each_parameter(schema: Schema) -> None:
    """Swagger UI would send "null" and "string" otherwise."""
    for path in ("/introspect", "/revoke", "/par", "/device_authorization"):
        media = schema["paths"][path]["post"]["requestBody"]["content"][FORM]
        for name, parameter in resolve(schema, media["schema"])["properties"].items():
            assert parameter["type"] == "string", (path, name)
            assert parameter.get("default", "") is not None
            assert parameter["examples"] not in (["string"], [None])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/register_user", {}, "422"),
        ("/verify_otp", {}, "422"),
        ("/enroll_otp", {"username": "nobody", "password": "nothing at all"}, "401"),
        ("/create_client", {}, "422"),
    ],
)
async def test_errors_are_documented_with_the_media_type_they_have(
    app: Application, schema: Schema, path: str, body: Any, status: str
) -> None:
    answer = await app.http.post(path, json=body)

    documented = schema["paths"][path]["post"]["responses"][status]["content"]
    assert str(answer.status_code) == status
    assert answer.headers["content-type"] in documented


async def test_oauth_errors_are_documented_as_json(app: Application, schema: Schema) -> None:
    answer = await app.http.post("/token")

    documented = schema["paths"]["/token"]["post"]["responses"][str(answer.status_code)]
    assert answer.headers["content-type"] in documented["content"]


@pytest.mark.parametrize("path", ["/openapi.json", "/admin/api/v1/openapi.json", "/"])
async def test_the_document_is_generated_once_and_not_on_the_event_loop(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    app = await start_app(admin_token=ADMIN_TOKEN)
    threads: list[threading.Thread] = []

    def generate(**options: Any) -> dict[str, Any]:
        threads.append(threading.current_thread())
        return get_openapi(**options)

    monkeypatch.setattr(openapi, "get_openapi", generate)
    answers = await asyncio.gather(*(app.http.get(path) for _ in range(5)))
    answers.append(await app.http.get("/openapi.json"))

    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers[:5]}) == 1
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_without_docs_there_is_no_document(start_app: AppFactory) -> None:
    """SECURITY_BAR row 47"""
    app = await start_app(docs=False)

    assert (await app.http.get("/openapi.json")).status_code == 404
