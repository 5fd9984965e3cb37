"""A fake identity provider whose responses are defined by a test."""

import json
import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.administration import add_provider
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.peer import Answer, Peer
from tests.support.visitor import Form, Visitor

SECRET = "a-secret-that-only-the-two-know"


@dataclass(frozen=True)
class Asked:
    """The authorization request that a browser is sent to the provider with."""

    url: str
    state: str
    nonce: str
    parameters: dict[str, str]


class Provider:
    """An identity provider: `peer` serves its documents, and tests act as its pages."""

    def __init__(self, app: Application, peer: Peer, name: str) -> None:
        self.app = app
        self.peer = peer
        self.name = name
        self.issuer = peer.url("")
        self.key = ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }
        self.publish()

    @property
    def button(self) -> str:
        """Return the action of the form with the provider's button."""
        return f"/login/with/{self.name}"

    def publish(self, **metadata: Any) -> None:
        """Serve the documents, with these members changed."""
        document = {**self.metadata, **metadata}
        self.answer("/.well-known/openid-configuration", document)
        self.answer("/jwks", {"keys": [self.key.as_dict(private=False)]})

    def answer(self, path: str, said: Any, *, status: int = 200) -> None:
        body, headers = json.dumps(said), {"Content-Type": "application/json"}
        self.peer.answers[path] = Answer(body, status, headers)

    def claims(self, asked: Asked, **claims: Any) -> dict[str, Any]:
        now = int(self.app.clock.now().timestamp())
        values = {
            "iss": self.issuer,
            "aud": "us",
            "sub": "somebody",
            "iat": now,
            "exp": now + 60,
            "nonce": asked.nonce,
            **claims,
        }
        return {name: value for name, value in values.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, algorithm: str = "ES256", key: Any = None) -> str:
        header = {"alg": algorithm, "kid": self.name}
        return jwt.encode(header, claims, key or self.key, algorithms=[algorithm])

    def says(self, id_token: str | None, **userinfo: Any) -> None:
        """Set the responses of the token and userinfo endpoints to the next code."""
        tokens = {"access_token": secrets.token_hex(8), "token_type": "Bearer"}
        self.answer("/token", {**tokens, **({"id_token": id_token} if id_token else {})})
        self.answer("/userinfo", userinfo)

    def knows(self, asked: Asked, **claims: Any) -> None:
        """Set the user of the next sign-in, by these claims."""
        values = self.claims(asked, **claims)
        self.says(self.signed(values), **{**values, "iss": None})

    def callback(self, asked: Asked, **parameters: str | None) -> str:
        """Return the URL by which the browser returns from the provider."""
        candidates = {"code": "a-code", "state": asked.state, "iss": self.issuer, **parameters}
        present = {name: value for name, value in candidates.items() if value is not None}
        return f"{self.button}/callback?{urlencode(present)}"


async def offered(app: Application, peer: Peer, *, secret: str = SECRET) -> Provider:
    """Add a provider, whose button is then on the sign-in page."""
    provider = Provider(app, peer, app.new_name("op"))
    await add_provider(
        services_of(app),
        provider.name,
        label=f"Company {provider.name}",
        issuer=provider.issuer,
        client_id="us",
        secret=secret,
        scope="openid profile email",
    )
    return provider


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href is not None:
            self.found.append(href)


def asked_in(page: httpx.Response) -> Asked:
    """Return the authorization request on the page that leads to a provider."""
    assert page.status_code == 200, page.text
    (url,) = [link for link in _Links(page.text).found if "code_challenge" in link]
    values_by_name = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return Asked(url, values_by_name["state"], values_by_name["nonce"], values_by_name)


async def sent_to(visitor: Visitor, provider: Provider, **parameters: str) -> Asked:
    """Go from the sign-in page to the provider."""
    page = await visitor.get("/login", **parameters)
    return asked_in(await visitor.submit(page, to=provider.button))


async def signed_in_by(
    visitor: Visitor, provider: Provider, *, sub: str, **claims: Any
) -> httpx.Response:
    """Sign in with the provider, and return the page after it."""
    request = await sent_to(visitor, provider)
    provider.knows(request, sub=sub, **claims)
    return await visitor.follow(await visitor.http.get(provider.callback(request)))


async def account_made_by(visitor: Visitor, provider: Provider, *, sub: str, **claims: Any) -> str:
    """Create an account for `sub` at the provider, and return its username."""
    page = await signed_in_by(visitor, provider, sub=sub, **claims)
    name = visitor.app.new_name()
    home = await visitor.follow(await visitor.submit(page, to="/login/new-here", username=name))
    assert "Your account" in home.text, home.text
    return name


async def linking(visitor: Visitor, provider: Provider) -> Asked:
    """Go to the provider from the account page of the signed-in user."""
    page = await visitor.get("/account/connections")
    form = {"provider": provider.name, **fields_in(page)}
    return asked_in(await visitor.http.post("/account/connections/link", data=form))


async def linked_by(visitor: Visitor, provider: Provider, *, sub: str) -> httpx.Response:
    """Link the signed-in user to `sub` at the provider."""
    request = await linking(visitor, provider)
    provider.knows(request, sub=sub)
    return await visitor.follow(await visitor.http.get(provider.callback(request)))


def csrf_in(page: httpx.Response) -> str:
    return page.text.split('name="csrf_token" value="')[1].split('"')[0]


def fields_in(page: httpx.Response) -> dict[str, str]:
    """Return the fields of every form of a page: the CSRF token and the page's user."""
    fields_by_name = {
        name: value for _, fields in Form(page.text).forms for name, value in fields.items()
    }
    names = ("csrf_token", "page_session_id", "page_username")
    return {name: fields_by_name[name] for name in names if name in fields_by_name}
