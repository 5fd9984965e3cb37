"""Why a request is refused, and the challenge that tells the client what to do (RFC 6750)."""

from collections.abc import Mapping, Sequence


class Refusal(Exception):  # noqa: N818 - the word of the field
    """A request that is refused; `reason` is for the log and is not sent to the client."""

    def __init__(
        self,
        status: int,
        error: str | None = None,
        description: str | None = None,
        *,
        reason: str = "",
        parameters: Mapping[str, str] | None = None,
        scheme: str = "Bearer",
    ) -> None:
        super().__init__(reason or description or error or "a token is required")
        self.status = status
        self.error = error
        self.description = description
        self.parameters = dict(parameters or {})
        self.scheme = scheme

    def challenge(self, more: Mapping[str, str] | None = None) -> str:
        """Return the value of WWW-Authenticate."""
        values = {
            **({"error": self.error} if self.error else {}),
            **({"error_description": self.description} if self.description else {}),
            **self.parameters,
            **(more or {}),
        }
        parts = [f'{name}="{_quoted(value)}"' for name, value in values.items()]
        return f"{self.scheme} {', '.join(parts)}" if parts else self.scheme

    def body(self) -> dict[str, str]:
        """Return the JSON body of the response."""
        body = {"error": self.error or "unauthorized"}
        if self.description:
            body["error_description"] = self.description
        return body


def token_required(scopes: Sequence[str] = (), *, reason: str = "no token") -> Refusal:
    """Refuse a request without a token: no error, because nothing is wrong yet."""
    return Refusal(401, reason=reason, parameters=_scope(scopes))


def invalid_token(reason: str) -> Refusal:
    """Refuse a token; the description is the same for every reason."""
    return Refusal(
        401, "invalid_token", "The access token is invalid or has expired.", reason=reason
    )


def invalid_proof(reason: str) -> Refusal:
    """Refuse a DPoP proof (RFC 9449 section 7.1)."""
    return Refusal(
        401, "invalid_dpop_proof", "The DPoP proof is invalid.", reason=reason, scheme="DPoP"
    )


def insufficient_scope(scopes: Sequence[str]) -> Refusal:
    """Ask for more scopes (RFC 6750 section 3.1): the client steps up and tries again."""
    return Refusal(
        403,
        "insufficient_scope",
        "The request requires more scopes.",
        parameters=_scope(scopes),
    )


def insufficient_authentication(
    *, max_age: int | None, acr_values: Sequence[str], reason: str
) -> Refusal:
    """Ask for a newer or stronger sign-in (RFC 9470 section 3)."""
    parameters = {}
    if acr_values:
        parameters["acr_values"] = " ".join(acr_values)
    if max_age is not None:
        parameters["max_age"] = str(max_age)
    return Refusal(
        401,
        "insufficient_user_authentication",
        "A newer or stronger sign-in is required.",
        reason=reason,
        parameters=parameters,
    )


def _scope(scopes: Sequence[str]) -> dict[str, str]:
    return {"scope": " ".join(scopes)} if scopes else {}


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
