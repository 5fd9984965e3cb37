"""What a request to a protocol endpoint says, parsed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app.models.clients import Client
from app.oauth.errors import InvalidRequestError
from app.security.text import is_storable

MAXIMUM_PARAMETERS = 50
FORM_TYPE = b"application/x-www-form-urlencoded"

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormRequest:
    """A form post: its parameters, and the Authorization header if there was one."""

    form: Form
    authorization: bytes | None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request of an authenticated client."""

    client: Client
    form: Form


def parse_form(body: bytes, content_type: bytes | None) -> dict[str, str]:
    """The parameters of a form (RFC 6749 section 3.2): repeated is an error, empty is absent.

    Raises `InvalidRequestError`, also for what is no form, no UTF-8, or holds control characters.
    """
    if body and (content_type is None or content_type.split(b";")[0].strip().lower() != FORM_TYPE):
        raise InvalidRequestError("The body is a form, application/x-www-form-urlencoded.")
    parameters: dict[str, str] = {}
    seen = set()
    pairs = body.split(b"&")
    if len(pairs) > MAXIMUM_PARAMETERS:
        raise InvalidRequestError("There are too many parameters.")
    for pair in pairs:
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name = _decode(raw_name)
        if name in seen:
            raise InvalidRequestError("A parameter is repeated.")
        seen.add(name)
        value = _decode(raw_value)
        if value:
            parameters[name] = value
    return parameters


def _decode(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestError("A parameter is not UTF-8.") from None
    if not is_storable(text):
        raise InvalidRequestError("A parameter has control characters.")
    return text
