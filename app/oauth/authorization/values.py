"""Values of parameters of an authorization request (OpenID Connect Core 3.1.2.1)."""

from datetime import timedelta

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError

MAXIMUM_AGE_DIGITS = 9


def parse_prompts(text: str | None, known: frozenset[str]) -> frozenset[str]:
    prompts = frozenset((text or "").split())
    if not prompts <= known:
        raise InvalidRequestError(
            Description.PARAMETER_NOT_SUPPORTED.format(name="prompt"),
            reason=f"the prompt is {text}",
        )
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError(Description.PROMPT_NONE_COMBINED)
    return prompts


def parse_max_age(client: Client, text: str | None) -> timedelta | None:
    if text is None:
        default = client.registered_metadata.default_max_age
        return timedelta(seconds=default) if default is not None else None
    if not text.isascii() or not text.isdigit() or len(text) > MAXIMUM_AGE_DIGITS:
        raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="max_age"))
    return timedelta(seconds=int(text))


def parse_acr_values(client: Client, text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(client.registered_metadata.default_acr_values)
    return tuple(text.split())
