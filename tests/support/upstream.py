"""Another provider by which people sign in, made up by a test: it says whatever it is told to."""

import json
import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.peer import Answer, Peer
from tests.support.visitor import Form, Visitor

SECRET = "a-secret-that-only-the-two-know"


@dataclass(frozen=True)
class Asked:
    """What a browser was sent with."""

    url: str
    state: str
    nonce: str
    parameters: dict[str, str]


class Provider:
    """Its documents are served by `peer`; its pages are the test."""

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
        """Where the form of its button leads."""
        return f"/login/with/{self.name}"

    def publish(self, **metadata: Any) -> None:
        """Serves the documents, with these members changed."""
        said = {**self.metadata, **metadata}
        self.answer("/.well-known/openid-configuration", said)
        self.answer("/jwks", {"keys": [self.key.as_dict(private=False)]})

    def answer(self, path: str, said: Any, *, status: int = 200) -> None:
        body, kind = json.dumps(said), {"Content-Type": "application/json"}
        self.peer.answers[path] = Answer(body, status, kind)

    def claims(self, asked: Asked, **claims: Any) -> dict[str, Any]:
        now = int(self.app.clock.now().timestamp())
        said = {
            "iss": self.issuer,
            "aud": "us",
            "sub": "somebody",
            "iat": now,
            "exp": now + 60,
            "nonce": asked.nonce,
            **claims,
        }
        return {name: value for name, value in said.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, algorithm: str = "ES256", key: Any = None) -> str:
        header = {"alg": algorithm, "kid": self.name}
        return jwt.encode(header, claims, key or self.key, algorithms=[algorithm])

    def says(self, id_token: str | None, **userinfo: Any) -> None:
        """What the token endpoint answers to the next code, and the userinfo endpoint after it."""
        told = {"access_token": secrets.token_hex(8), "token_type": "Bearer"}
        self.answer("/token", {**told, **({"id_token": id_token} if id_token else {})})
        self.answer("/userinfo", userinfo)

    def knows(self, asked: Asked, **claims: Any) -> None:
        """Signs in whom the claims say."""
        made = self.claims(asked, **claims)
        self.says(self.signed(made), **{**made, "iss": None})

    def callback(self, asked: Asked, **parameters: str | None) -> str:
        """Where the browser is sent back to."""
        said = {"code": "a-code", "state": asked.state, "iss": self.issuer, **parameters}
        given = {name: value for name, value in said.items() if value is not None}
        return f"{self.button}/callback?{urlencode(given)}"


async def offered(app: Application, peer: Peer, *, secret: str = SECRET) -> Provider:
    """A provider whose button is on the sign-in page."""
    made = Provider(app, peer, app.new_name("op"))
    await services_of(app).upstream.add(
        made.name,
        label=f"Company {made.name}",
        issuer=made.issuer,
        client_id="us",
        secret=secret,
        scope="openid profile email",
    )
    return made


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
    """What the page on the way to a provider sends the browser with."""
    assert page.status_code == 200, page.text
    (url,) = [each for each in _Links(page.text).found if "code_challenge" in each]
    found = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return Asked(url, found["state"], found["nonce"], found)


async def sent_to(visitor: Visitor, provider: Provider, **parameters: str) -> Asked:
    """From the sign-in page to the provider."""
    page = await visitor.get("/login", **parameters)
    return asked_in(await visitor.submit(page, to=provider.button))


async def signed_in_by(
    visitor: Visitor, provider: Provider, *, sub: str, **claims: Any
) -> httpx.Response:
    """To the provider and back, and to the page that comes after it."""
    asked = await sent_to(visitor, provider)
    provider.knows(asked, sub=sub, **claims)
    return await visitor.follow(await visitor.http.get(provider.callback(asked)))


async def account_made_by(visitor: Visitor, provider: Provider, *, sub: str, **claims: Any) -> str:
    """A new account of who is `sub` at the provider; gives its name."""
    page = await signed_in_by(visitor, provider, sub=sub, **claims)
    name = visitor.app.new_name()
    home = await visitor.follow(await visitor.submit(page, to="/login/new-here", username=name))
    assert "Your account" in home.text, home.text
    return name


async def linking(visitor: Visitor, provider: Provider) -> Asked:
    """From the account of who is signed in to the provider."""
    page = await visitor.get("/account/connections")
    form = {"provider": provider.name, **fields_in(page)}
    return asked_in(await visitor.http.post("/account/connections/link", data=form))


async def linked_by(visitor: Visitor, provider: Provider, *, sub: str) -> httpx.Response:
    """Links who is `sub` there to the account of who is signed in here."""
    asked = await linking(visitor, provider)
    provider.knows(asked, sub=sub)
    return await visitor.follow(await visitor.http.get(provider.callback(asked)))


def csrf_in(page: httpx.Response) -> str:
    return page.text.split('name="csrf_token" value="')[1].split('"')[0]


def fields_in(page: httpx.Response) -> dict[str, str]:
    """What every form of a page carries: that it is ours, and whose account it is about."""
    found = {name: value for _, fields in Form(page.text).forms for name, value in fields.items()}
    names = ("csrf_token", "page_session_id", "page_username")
    return {name: found[name] for name in names if name in found}
