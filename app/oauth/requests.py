"""Parsing of the form posts to protocol endpoints."""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.oauth.proven_keys import ProvenKeys
from app.observability.logging import logger
from app.security.client_certificates import ClientCertificate
from app.security.text import is_storable

MAXIMUM_PARAMETERS = 50
RESOURCE = "resource"
"""The one parameter that may be repeated (RFC 8707 section 2). Its values are joined by spaces,
which no URI contains."""
SCOPE = "scope"  # an invalid scope has an error of its own
TYPED = frozenset({"username", "otp"})
"""Parameters that users type or paste; white space around them, line breaks too, is ignored."""
FORM_TYPE = b"application/x-www-form-urlencoded"
PLAIN = bytes(code for code in range(0x20, 0x7F) if code != ord("%"))
"""If a body has no other bytes, its parameters have no characters but printable ASCII."""
MAXIMUM_LOGGED_NAMES = 300
log = logger(__name__)

Form = Mapping[str, str]


class FormRequest(NamedTuple):
    """A form post: its parameters, and the Authorization and DPoP headers if there were any.

    `certificate` is what the client presented by TLS. It is not verified.
    """

    form: Form
    authorization: bytes | None
    dpop: bytes | None
    certificate: ClientCertificate | None


class TokenRequest(NamedTuple):
    """A token request of an authenticated client, and the keys that it proves.

    `proven_by` is what its grant verified, if that proved the client instead of credentials.
    """

    client: Client
    keys: ProvenKeys
    proven_by: object | None = None


class ProvenClient(NamedTuple):
    """A client, and what its grant verified if that proved the client instead of credentials."""

    client: Client
    proven_by: object | None


def parse_form(body: bytes, content_type: bytes | None, *, read: Set[str] | None) -> dict[str, str]:
    """Return the parameters of a form that an endpoint reads (RFC 6749 section 3.2).

    Empty parameters are treated as absent. Those not in `read` are ignored, unless it is None.
    Raises `InvalidRequestError` if a parameter that is read, other than `resource`, is repeated or
    contains control characters, and if the body is not a form in UTF-8.
    """
    parameters = form_parameters(body, content_type, read=read)
    if body.translate(None, PLAIN):
        for name, value in parameters.items():
            if not is_storable(name) or (name != SCOPE and not is_storable(value)):
                if name not in TYPED or not is_storable(value.strip()):
                    raise InvalidRequestError(Description.CONTROL_CHARACTERS)
                parameters[name] = value.strip()
    if "" in parameters.values():
        return {name: value for name, value in parameters.items() if value}
    return parameters


def form_parameters(
    body: bytes, content_type: bytes | None, *, read: Set[str] | None
) -> dict[str, str]:
    """Do the same as `parse_form`, but keep empty parameters and allow any characters."""
    if body and content_type != FORM_TYPE and not _is_form_type(content_type):
        raise InvalidRequestError(Description.NOT_A_FORM)
    if body.count(b"&") >= MAXIMUM_PARAMETERS:
        raise InvalidRequestError(Description.TOO_MANY_PARAMETERS)
    pairs = _plain_pairs(body) if b"%" not in body and b"+" not in body else _decoded_pairs(body)
    parameters = dict(pairs)
    if read is not None and not parameters.keys() <= read:
        pairs = _only_read(pairs, read)
        parameters = dict(pairs)
    if RESOURCE in parameters and (len(parameters) != len(pairs) or " " in parameters[RESOURCE]):
        pairs = _with_joined_resources(pairs)
        parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise InvalidRequestError(Description.PARAMETER_REPEATED)
    return parameters


def joined_resources(values: Iterable[str]) -> str:
    """Return values of `resource` as one; a space in a value does not separate two."""
    return " ".join(value.replace(" ", "%20") for value in values if value)


def _with_joined_resources(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined = joined_resources(value for name, value in pairs if name == RESOURCE)
    return [*(pair for pair in pairs if pair[0] != RESOURCE), (RESOURCE, joined)]


def _is_form_type(content_type: bytes | None) -> bool:
    """Compare the media type without its parameters, in any case (RFC 9110 section 8.3.1)."""
    return content_type is not None and (
        content_type.partition(b";")[0].strip().lower() == FORM_TYPE
    )


def _only_read(pairs: list[tuple[str, str]], read: Set[str]) -> list[tuple[str, str]]:
    """Remove the parameters that an endpoint does not read (RFC 6749 section 3.1)."""
    ignored = sorted({name for name, _ in pairs} - read)
    log.debug("ignoring unknown parameters: %s", ascii(ignored)[:MAXIMUM_LOGGED_NAMES])
    return [pair for pair in pairs if pair[0] in read]


def _plain_pairs(body: bytes) -> list[tuple[str, str]]:
    """Split a body in which nothing is percent-encoded, and which can thus be decoded at once."""
    return [
        (name, value)
        for pair in _text(body).split("&")
        if pair
        for name, _, value in (pair.partition("="),)
    ]


def _decoded_pairs(body: bytes) -> list[tuple[str, str]]:
    encoded = [pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair]
    return [(_decoded(name), _decoded(value)) for name, _, value in encoded]


def _decoded(part: bytes) -> str:
    return _text(unquote_to_bytes(part) if b"%" in part else part)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestError(Description.NOT_UTF8) from None
