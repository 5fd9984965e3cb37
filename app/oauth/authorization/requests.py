"""What an authorization request asks for (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2.1).

The client and its redirect URI are checked first; an error in them is shown to the user. Every
later error is sent to the client, by a redirect.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.details import Detail
from app.errors import PosternError
from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from app.models.oauth.resources import Resource
from app.oauth.authorization.response_modes import DEFAULT_MODE, RESPONSE_MODES, ResponseTarget
from app.oauth.authorization.sizes import MAXIMUM_BYTES, check_sizes
from app.oauth.authorization.values import parse_acr_values, parse_max_age, parse_prompts
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.claims import ClaimsRequest, parse_claims
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import requested_key
from app.oauth.errors import (
    InvalidRequestError,
    OAuth2Error,
    UnauthorizedClientError,
    UnsupportedResponseTypeError,
)
from app.oauth.pkce import S256, is_code_challenge
from app.oauth.redirect_uris import is_registered
from app.oauth.resource_indicators import ResourceIndicators
from app.observability.refusals import shown_uri
from app.services.clients.fapi import FapiProfile

RESPONSE_TYPES = ("code",)
PROMPTS = ("none", "login", "consent", "select_account", "create")
CREATE = "create"
PARAMETERS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "prompt",
        "max_age",
        "acr_values",
        "login_hint",
        "id_token_hint",
        "ui_locales",
        "claims",
        "request",
        "request_uri",
        "registration",
        "dpop_jkt",
        "resource",
        "authorization_details",
    }
)
"""The parameters of an authorization request; every other one is ignored."""


def prompts_here(*, registration_is_open: bool) -> tuple[str, ...]:
    """Return the prompts that are supported; `create` requires open registration of users."""
    return tuple(prompt for prompt in PROMPTS if registration_is_open or prompt != CREATE)


class UntrustedRequestError(PosternError):
    """A request that must not be answered with a redirect: the user sees an error page.

    `came_from` is the client whose home page the error page may link to, and the redirect URI of
    the request.
    """

    error = "invalid_request"
    status = 400
    title = "This sign-in link doesn't work"

    def __init__(
        self,
        detail: str | None = None,
        *,
        error: str | None = None,
        reason: str | None = None,
        came_from: tuple[Client, str] | None = None,
    ) -> None:
        super().__init__(detail, error=error, reason=reason)
        self.came_from = came_from


class RefusedRequestError(Exception):
    """An error that is sent back to the client; its redirect URI has been checked."""

    def __init__(self, error: OAuth2Error, *, client: Client, target: ResponseTarget) -> None:
        super().__init__(str(error.error))
        self.error = error
        self.client = client
        self.target = target


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request. `prompts` is empty if the client leaves the choice to this server.

    `scopes` are those beside resources; `granted` are those at each of the `resources`, which the
    response grants once the user has allowed it. `details` are its authorization details, in the
    form in which they are stored (RFC 9396).
    """

    client: Client
    target: ResponseTarget
    scopes: tuple[str, ...]
    granted: GrantedResources
    resources: Sequence[Resource]
    details: str | None
    nonce: str | None = None
    code_challenge: str | None = None
    dpop_jkt: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    acr_values: tuple[str, ...] = ()
    claims: ClaimsRequest
    login_hint: str | None = None
    id_token_hint: str | None = None
    ui_locales: str | None = None
    began_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        return " ".join(self.scopes)

    def refused(self, error: OAuth2Error) -> RefusedRequestError:
        return RefusedRequestError(error, client=self.client, target=self.target)


def proven_target(
    client: Client, parameters: Mapping[str, str], *, issuer: str, may_omit_uri: bool
) -> ResponseTarget:
    """Return where to send the response; raises `UntrustedRequestError`.

    If it `may_omit_uri`, a request without a redirect URI is for the only one of the client.
    """
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        redirect_uri = client.get_default_redirect_uri() if may_omit_uri else ""
        if not redirect_uri:
            raise UntrustedRequestError(
                Detail.REDIRECT_URI_MISSING,
                reason="the request has no redirect_uri and the client registered several or none"
                if may_omit_uri
                else "the request has no redirect_uri, which the FAPI 2.0 profile requires",
            )
    elif not is_registered(client, redirect_uri):
        raise UntrustedRequestError(
            Detail.REDIRECT_URI_NOT_REGISTERED,
            reason=f"the redirect_uri {shown_uri(redirect_uri)} is not registered",
        )
    mode, state = parameters.get("response_mode", DEFAULT_MODE), parameters.get("state")
    return ResponseTarget(
        redirect_uri=redirect_uri,
        response_mode=mode if mode in RESPONSE_MODES else DEFAULT_MODE,
        state=state if state is None or len(state.encode()) <= MAXIMUM_BYTES else None,
        issuer=issuer,
    )


class RequestParser:
    """Parser of authorization requests.

    With `requires_pkce`, every client must use PKCE; public clients, those that registered
    `require_pkce` and those under the FAPI 2.0 profile must use it in any case.
    """

    def __init__(
        self,
        *,
        resource_indicators: ResourceIndicators,
        fapi: FapiProfile,
        authorization_details: AuthorizationDetails,
        issuer: str,
        requires_pkce: bool,
        prompts: Collection[str] = PROMPTS,
    ) -> None:
        self._resource_indicators = resource_indicators
        self._fapi = fapi
        self._authorization_details = authorization_details
        self._issuer = issuer
        self._requires_pkce = requires_pkce
        self._prompts = frozenset(prompts)

    def target(self, client: Client, parameters: Mapping[str, str]) -> ResponseTarget:
        """Return where to send a refusal; raises `UntrustedRequestError`."""
        return proven_target(client, parameters, issuer=self._issuer, may_omit_uri=True)

    async def parse(
        self, client: Client, parameters: Mapping[str, str], *, began_at: datetime
    ) -> AuthorizationRequest:
        """Parse a request; raises `UntrustedRequestError` or `RefusedRequestError`."""
        target = proven_target(
            client,
            parameters,
            issuer=self._issuer,
            may_omit_uri=not self._fapi.holds_for(client),
        )
        try:
            return await self._parse(client, parameters, target, began_at)
        except OAuth2Error as error:
            raise RefusedRequestError(error, client=client, target=target) from None

    async def _parse(
        self,
        client: Client,
        parameters: Mapping[str, str],
        target: ResponseTarget,
        began_at: datetime,
    ) -> AuthorizationRequest:
        check_sizes(parameters)
        _check_response(client, parameters)
        requested = await self._resource_indicators.requested(
            client,
            resource=parameters.get("resource"),
            scope=parameters.get("scope"),
            requires_known_name=False,
        )
        details = await self._authorization_details.requested(
            client, parameters.get("authorization_details"), resources=requested.resources
        )
        return AuthorizationRequest(
            client=client,
            target=target,
            scopes=tuple(requested.scope.split()),
            granted=requested.granted,
            resources=requested.resources,
            details=details,
            nonce=parameters.get("nonce"),
            code_challenge=self._code_challenge(client, parameters),
            dpop_jkt=requested_key(jkt)
            if (jkt := parameters.get("dpop_jkt")) is not None
            else None,
            prompts=parse_prompts(parameters.get("prompt"), self._prompts),
            max_age=parse_max_age(client, parameters.get("max_age")),
            acr_values=parse_acr_values(client, parameters.get("acr_values")),
            claims=parse_claims(parameters.get("claims")).within(client.allowed_scope),
            login_hint=parameters.get("login_hint"),
            id_token_hint=parameters.get("id_token_hint"),
            ui_locales=parameters.get("ui_locales"),
            began_at=began_at,
            parameters=parameters,
        )

    def _code_challenge(self, client: Client, parameters: Mapping[str, str]) -> str | None:
        challenge = parameters.get("code_challenge")
        if challenge is None:
            if "code_challenge_method" in parameters:
                raise InvalidRequestError(
                    Description.PARAMETER_MISSING.format(name="code_challenge")
                )
            if client.requires_pkce or self._requires_pkce or self._fapi.holds_for(client):
                raise InvalidRequestError(Description.PKCE_REQUIRED)
            return None
        if parameters.get("code_challenge_method", "plain") != S256:
            raise InvalidRequestError(Description.CODE_CHALLENGE_METHOD_NOT_S256)
        if not is_code_challenge(challenge):
            raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="code_challenge"))
        return challenge


def _check_response(client: Client, parameters: Mapping[str, str]) -> None:
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequestError(Description.PARAMETER_MISSING.format(name="response_type"))
    if response_type not in RESPONSE_TYPES:
        raise UnsupportedResponseTypeError(reason=f"the response_type is {response_type}")
    if not client.check_grant_type("authorization_code") or not client.check_response_type(
        response_type
    ):
        raise UnauthorizedClientError(
            Description.RESPONSE_TYPE_NOT_REGISTERED,
            reason="the client did not register authorization_code or this response_type",
        )
    if parameters.get("response_mode", DEFAULT_MODE) not in RESPONSE_MODES:
        raise InvalidRequestError(
            Description.NOT_SUPPORTED.format(name="response_mode"),
            reason=f"the response_mode is {parameters['response_mode']}",
        )
    if "registration" in parameters:
        raise InvalidRequestError(
            Description.PARAMETER_NOT_SUPPORTED.format(name="registration"),
            error="registration_not_supported",
        )
