"""HTTP requests as they are sent over the wire."""

import base64
from urllib.parse import urlencode

Client = tuple[str, str]
"""The id and the secret."""


def post(path: str, authorization: str, form: dict[str, str]) -> str:
    """Return a form post as sent over the wire; the form comes last."""
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def basic(client: Client) -> str:
    """Return the header's value of Basic authentication."""
    client_id, secret = client
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def get(path: str, authorization: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n"


def page(target: str, *, address: str) -> str:
    """Return the request of a browser without a session, as a proxy passes it on."""
    return (
        f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
        f"X-Forwarded-For: {address}\r\n\r\n"
    )
