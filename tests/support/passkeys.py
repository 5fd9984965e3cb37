"""A software authenticator: creates passkeys and signs with them, correctly or not."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Form, Visitor, text_of

ALONE, SECOND, MINE = "/login/passkey", "/login/otp/passkey", "/account/passkeys"
REFUSED = "That passkey didn't work."
RP_ID = "localhost"
ORIGIN = "http://localhost:5000"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
BACKUP_POSSIBLE, BACKED_UP = 0x08, 0x10


@dataclass
class Lie:
    """False values for parts of a response."""

    origin: str = ORIGIN
    rp_id: str = RP_ID
    type: str = ""
    flags: int = PRESENT | VERIFIED
    challenge: bytes | None = None
    user_handle: bytes | None = None
    has_user_handle: bool = True
    cross_origin: bool = False


TRUTH = Lie()


@dataclass
class Passkey:
    """One credential; its next response has `sign_count`."""

    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    user_handle: bytes = b""
    sign_count: int = 0

    def create(self, options: dict[str, Any], lie: Lie = TRUTH) -> dict[str, Any]:
        """Return the result of `navigator.credentials.create`, with attestation "none"."""
        self.user_handle = unbase64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        data = authenticator_data(lie, self.sign_count, ATTESTED)
        data += bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data += cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=client_data("webauthn.create", options, lie),
            attestationObject=attestation,
            transports=["internal", "hybrid"],
        )

    def get(self, options: dict[str, Any], lie: Lie = TRUTH) -> dict[str, Any]:
        """Return the result of `navigator.credentials.get`."""
        client_data_json = client_data("webauthn.get", options, lie)
        data = authenticator_data(lie, self.sign_count)
        signed = data + hashlib.sha256(client_data_json).digest()
        handle = lie.user_handle or self.user_handle
        return self._answer(
            clientDataJSON=client_data_json,
            authenticatorData=data,
            signature=self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            **({"userHandle": handle} if lie.has_user_handle else {}),
        )

    def _answer(self, **response: Any) -> dict[str, Any]:
        name = base64url(self.credential_id)
        encoded = {
            key: base64url(value) if isinstance(value, bytes) else value
            for key, value in response.items()
        }
        return {"id": name, "rawId": name, "type": "public-key", "response": encoded}


def client_data(kind: str, options: dict[str, Any], lie: Lie) -> bytes:
    challenge = options["challenge"] if lie.challenge is None else base64url(lie.challenge)
    return json.dumps(
        {
            "type": lie.type or kind,
            "challenge": challenge,
            "origin": lie.origin,
            "crossOrigin": lie.cross_origin,
        }
    ).encode()


def authenticator_data(lie: Lie, sign_count: int, flags: int = 0) -> bytes:
    rp_id_hash = hashlib.sha256(lie.rp_id.encode()).digest()
    return rp_id_hash + bytes([lie.flags | flags]) + sign_count.to_bytes(4, "big")


async def options_from(visitor: Visitor, page: httpx.Response, action: str) -> dict[str, Any]:
    """Return the options that a page's script requests."""
    response = await ask_options(visitor, page, action)
    assert response.status_code == 200, response.text
    options: dict[str, Any] = response.json()
    return options


async def ask_options(visitor: Visitor, page: httpx.Response, action: str) -> httpx.Response:
    form = next(fields for target, fields in Form(page.text).forms if target == action)
    return await visitor.http.post(f"{action}/options", data=form)


async def enrol(visitor: Visitor, passkey: Passkey | None = None, **fields: str) -> Passkey:
    """Add a passkey for the signed-in user."""
    passkey = passkey or Passkey()
    page = await visitor.get(MINE)
    options = await options_from(visitor, page, MINE)
    response = await give(visitor, page, MINE, passkey.create(options), **fields)
    assert response.is_redirect, response.text
    return passkey


async def give(
    visitor: Visitor, page: httpx.Response, action: str, answer: object, **fields: str
) -> httpx.Response:
    """Submit a form as the script does."""
    credential = answer if isinstance(answer, str) else json.dumps(answer)
    return await visitor.submit(page, to=action, credential=credential, **fields)


async def sign_in_with(
    visitor: Visitor, passkey: Passkey, page: httpx.Response | None = None, lie: Lie = TRUTH
) -> httpx.Response:
    """Sign in from the sign-in page without a name or password; return the page after it."""
    page = page or await visitor.get("/login")
    options = await options_from(visitor, page, ALONE)
    response = await give(visitor, page, ALONE, passkey.get(options, lie))
    return await visitor.follow(response)


async def password_given(visitor: Visitor, user: TestUser) -> httpx.Response:
    """Return the page that asks for the second factor."""
    return await visitor.give_password(await visitor.get("/login"), user)


def is_refused(page: httpx.Response) -> bool:
    return page.status_code == 400 and REFUSED in text_of(page)


async def audited(app: Application, user: TestUser) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the audit events of a user's passkeys, oldest first."""
    services = services_of(app)
    account = await services.accounts.users.get(user.username)
    events = await services.core.audit.list_of_user(account.user_id)
    return [
        (event.action, event.outcome, json.loads(event.details))
        for event in reversed(events)
        if event.action.startswith("passkey.")
    ]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
