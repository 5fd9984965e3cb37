"""How an authorization response is sent (OAuth 2.0 Multiple Response Types, Form Post)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.oauth.redirect_uris import with_parameters

RESPONSE_MODES = ("query", "fragment", "form_post")
DEFAULT_MODE = "query"
FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """Where to send the response; created only after `redirect_uri` has been checked."""

    redirect_uri: str
    response_mode: str
    state: str | None
    issuer: str

    def response(self, parameters: Mapping[str, str]) -> "AuthorizationResponse":
        """Return a response, success or error, with `state` and `iss` (RFC 9207) added."""
        full = {**parameters, "iss": self.issuer}
        if self.state is not None:
            full["state"] = self.state
        return AuthorizationResponse(self.redirect_uri, self.response_mode, full)


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    redirect_uri: str
    response_mode: str
    parameters: Mapping[str, str]

    @property
    def is_form_post(self) -> bool:
        return self.response_mode == FORM_POST

    @property
    def location(self) -> str:
        """The URI to redirect to in the modes `query` and `fragment`."""
        return with_parameters(
            self.redirect_uri, self.parameters, in_fragment=self.response_mode == "fragment"
        )
