"""Each error in `/openapi.json` has an example of its own, and it is what is answered."""

import pytest

from tests.api.test_openapi import FORM, Schema, operations, schema
from tests.support.application import Application

__all__ = ["schema"]  # the fixture


async def test_each_error_has_its_own_example(schema: Schema) -> None:
    for _, path, operation in operations(schema):
        for status, response in operation["responses"].items():
            for media, described in response.get("content", {}).items():
                if media == "application/problem+json":
                    assert described["example"]["status"] == int(status), path
                if "ProtocolError" in str(described.get("schema")):
                    assert described["example"]["error"], path


@pytest.mark.parametrize(
    ("method", "path", "content", "kind"),
    [
        ("POST", "/register_user", b"{", "application/json"),
        ("POST", "/register_user", b"{}", "application/json"),
        ("POST", "/register_user", b"x" * 70_000, "application/json"),
        ("POST", "/enroll_otp", b'{"username": "nobody", "password": "x"}', "application/json"),
        ("POST", "/token", b"", FORM),
        ("POST", "/token", b"grant_type=client_credentials&client_id=x&client_secret=y", FORM),
        ("POST", "/introspect", b"token=x", FORM),
        ("POST", "/introspect", b"x" * 70_000, FORM),
        ("POST", "/par", b"response_type=code", FORM),
        ("GET", "/userinfo", b"", FORM),
        ("GET", "/profile", b"", FORM),
        ("POST", "/register", b'{"grant_types": 7}', "application/json"),
        ("GET", "/register/{client_id}", b"", FORM),
        ("GET", "/qr_code/{username}", b"", FORM),
    ],
)
async def test_the_example_of_an_error_matches_the_response(
    app: Application, schema: Schema, method: str, path: str, content: bytes, kind: str
) -> None:
    answer = await app.http.request(
        method, path.replace("{", "").replace("}", ""), content=content,
        headers={"content-type": kind},
    )  # fmt: skip

    operation = schema["paths"][path][method.lower()]
    described = operation["responses"][str(answer.status_code)]["content"]
    example = described[answer.headers["content-type"]]["example"]
    body = answer.json()
    assert set(example) <= set(body) | {"error_description"}
    if path != "/token" or answer.status_code != 400:  # there it is that of a grant
        assert example["error"] == body["error"]
    assert {example.get(name) for name in ("status", "title")} <= {
        None, *(body.get(name) for name in ("status", "title")),
    }  # fmt: skip
