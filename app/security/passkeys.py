"""Passkeys (Web Authentication level 2): options for the browser, and checks of its responses.

Nothing is stored, and challenges are not remembered: the caller passes the expected values.
"""

import ipaddress
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from app.security.jose import require_rsa_bounds
from app.security.origins import web_origin_of

if TYPE_CHECKING:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

TIMEOUT = 300_000
"""How long the browser waits for the user, in milliseconds."""
MAXIMUM_CREDENTIAL_ID = 1023  # section 4
MAXIMUM_PUBLIC_KEY = 2000
LOCALHOST = "localhost"


class PasskeyError(Exception):
    """The response is malformed, forged, or for another user; the message is for the server's log.

    `reason` is a few constant words for the audit log.
    """

    def __init__(self, message: str, *, reason: str = "not valid") -> None:
        super().__init__(message)
        self.reason = reason


class Known(NamedTuple):
    """A registered credential, as listed to the browser."""

    credential_id: bytes
    transports: str


class NewCredential(NamedTuple):
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str
    is_synced: bool


class Assertion(NamedTuple):
    """Proof that a user has a passkey and was verified by their device."""

    sign_count: int
    is_synced: bool


class _RsaNumbers(NamedTuple):
    n: int
    e: int


class Claimed(NamedTuple):
    """The credential and the user that a response names, before it is verified."""

    credential_id: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The owner of the passkeys: a host, and the only origin at which they are used."""

    rp_id: str
    origin: str
    name: str

    @classmethod
    def of(cls, issuer: str, *, name: str) -> "RelyingParty | None":
        """Return None where browsers reject passkeys: at an IP address, and without https."""
        host, origin = urlsplit(issuer).hostname or "", web_origin_of(issuer)
        is_loopback = host == LOCALHOST or host.endswith(f".{LOCALHOST}")
        is_secure = issuer.startswith("https://") or is_loopback
        if origin is None or not is_secure or _is_address(host):
            return None
        return cls(host, origin, name)

    def creation_options(
        self, *, challenge: bytes, user_handle: bytes, username: str, known: Sequence[Known]
    ) -> dict[str, Any]:
        """Return options for a discoverable credential with user verification."""
        from webauthn import generate_registration_options  # late: passkeys are rarely used
        from webauthn.helpers.options_to_json_dict import options_to_json_dict
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self.name,
            user_id=user_handle,
            user_name=username,
            challenge=challenge,
            timeout=TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
            supported_pub_key_algs=_algorithms(),
        )
        return options_to_json_dict(options)

    def request_options(self, *, challenge: bytes, known: Sequence[Known]) -> dict[str, Any]:
        """Return options for an assertion by one of these credentials, or by any if empty."""
        from webauthn import generate_authentication_options  # late, as above
        from webauthn.helpers.options_to_json_dict import options_to_json_dict
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=self.rp_id,
            challenge=challenge,
            timeout=TIMEOUT,
            allow_credentials=_descriptors(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def check_creation(self, answer: str, *, challenge: bytes) -> NewCredential:
        """Return the new credential (section 7.1); raises `PasskeyError`.

        Attestation of the authenticator is not requested, and not verified if it is sent.
        """
        from webauthn import verify_registration_response  # late, as above
        from webauthn.helpers import parse_registration_credential_json

        with _garbage_refused():
            credential = parse_registration_credential_json(answer)
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
                supported_pub_key_algs=_algorithms(),
            )
            _require_bounds(verified.credential_public_key)
        if credential.raw_id != verified.credential_id:
            raise PasskeyError("the response names another credential")
        if len(verified.credential_id) > MAXIMUM_CREDENTIAL_ID:
            raise PasskeyError("the credential id is too long")
        if len(verified.credential_public_key) > MAXIMUM_PUBLIC_KEY:
            raise PasskeyError("the public key is too long")
        transports = sorted({transport.value for transport in credential.response.transports or ()})
        return NewCredential(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=" ".join(transports),
            is_synced=verified.credential_backed_up,
        )

    def check_assertion(self, answer: str, *, challenge: bytes, public_key: bytes) -> Assertion:
        """Verify an assertion (section 7.2, except the counter); raises `PasskeyError`."""
        from webauthn import verify_authentication_response  # late, as above

        with _garbage_refused():
            _require_bounds(public_key)
            verified = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=public_key,
                credential_current_sign_count=0,  # checked by the caller, which stores it
                require_user_verification=True,
            )
        return Assertion(verified.new_sign_count, verified.credential_backed_up)


def challenge_in(answer: str) -> bytes:
    """Return the challenge named in a response of either kind; raises `PasskeyError`."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json  # late, as above

    with _garbage_refused():
        encoded = json.loads(answer)["response"]["clientDataJSON"]
        client_data = parse_client_data_json(base64url_to_bytes(encoded))
    if client_data.cross_origin:
        raise PasskeyError("created in a cross-origin frame")
    return client_data.challenge


def claimed_in(answer: str) -> Claimed:
    """Return the credential and the user that an assertion names; raises `PasskeyError`."""
    from webauthn.helpers import parse_authentication_credential_json  # late, as above

    with _garbage_refused():
        credential = parse_authentication_credential_json(answer)
    return Claimed(credential.raw_id, credential.response.user_handle)


def _algorithms() -> "list[COSEAlgorithmIdentifier]":
    """Return the signature algorithms, preferred first; every authenticator supports one."""
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    return [
        COSEAlgorithmIdentifier.EDDSA,
        COSEAlgorithmIdentifier.ECDSA_SHA_256,
        COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
    ]


def _require_bounds(public_key: bytes) -> None:
    """Reject an RSA key that is costly to verify with: the user chooses the key, and anyone can
    send assertions for it."""
    from webauthn.helpers import decode_credential_public_key
    from webauthn.helpers.decode_credential_public_key import DecodedRSAPublicKey

    key = decode_credential_public_key(public_key)
    if isinstance(key, DecodedRSAPublicKey):
        require_rsa_bounds(_RsaNumbers(int.from_bytes(key.n), int.from_bytes(key.e)))


def _descriptors(known: Sequence[Known]) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(
            id=entry.credential_id,
            transports=[AuthenticatorTransport(name) for name in entry.transports.split()] or None,
        )
        for entry in known
    ]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@contextmanager
def _garbage_refused() -> Iterator[None]:
    """Turn the library's exceptions into `PasskeyError`: its parsers raise anything on malformed
    input, even `KeyError`."""
    try:
        yield
    except Exception as error:
        message = f"{type(error).__name__}: {error}"[:200]  # may repeat the input
        raise PasskeyError(repr(message)) from error
