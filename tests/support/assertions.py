"""Assertions about responses."""

import httpx


def assert_oauth_error(response: httpx.Response, error: str, *, status: int = 400) -> None:
    """Assert an error response of the protocol (RFC 6749 section 5.2): JSON, not cacheable."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["error"] == error, body
    assert set(body) <= {"error", "error_description"}


def assert_problem(response: httpx.Response, status: int, error: str) -> None:
    """Assert problem details (RFC 9457) that also contain `error`."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["error"] == error, body
    assert body["title"]
    assert body["detail"]
