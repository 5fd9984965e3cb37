"""Requests byte by byte, where a client library would tidy them up."""

import base64
from typing import Any

import httpx

from tests.support.application import Application, TestClient

FORM = "application/x-www-form-urlencoded"


def basic(client_id: str | bytes, secret: str | bytes) -> str:
    """The value of an Authorization header, joined as it is given."""
    return "Basic " + base64.b64encode(_bytes(client_id) + b":" + _bytes(secret)).decode()


def basic_of(client: TestClient) -> str:
    return basic(client.client_id, client.client_secret)


async def post_body(
    app: Application,
    body: bytes,
    *,
    client: TestClient | None = None,
    content_type: str | None = FORM,
    path: str = "/token",
) -> httpx.Response:
    """Posts these very bytes, as this client if there is one."""
    headers = {"Content-Type": content_type} if content_type is not None else {}
    if client is not None:
        headers["Authorization"] = basic_of(client)
    return await app.http.post(path, content=body, headers=headers)


async def post_as(app: Application, authorization: str | bytes, **form: str) -> httpx.Response:
    """POST /token for client_credentials with this Authorization header."""
    headers: Any = [(b"Authorization", _bytes(authorization))]
    return await app.http.post(
        "/token", data={"grant_type": "client_credentials", **form}, headers=headers
    )


def answer_of(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """All that a caller sees, less the identifier of the request."""
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    return response.status_code, headers, response.content


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
