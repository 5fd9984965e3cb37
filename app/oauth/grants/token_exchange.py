"""Token exchange (RFC 8693): a service gets a narrower token to call another service.

The new token is about the same subject and names who acts. It ends with the subject token: when
that expires, is revoked, or loses its user, client or sign-in.
"""

from typing import Annotated, Literal

from pydantic import Field

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.actors import MAXIMUM_ACTORS, Actor
from app.models.oauth.resources import Resource
from app.oauth.access_policy import REFUSED, may_use
from app.oauth.authorization_details import refuse_details
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError, InvalidTargetError
from app.oauth.exchange.actors import ActClaims
from app.oauth.exchange.errors import (
    InvalidActorTokenError,
    InvalidSubjectTokenError,
    UnacceptableTokenError,
)
from app.oauth.exchange.identity_assertions import AssertionRequest, IdentityAssertions
from app.oauth.exchange.issuer import Exchange, ExchangedTokenIssuer
from app.oauth.exchange.narrowing import narrowed_to
from app.oauth.exchange.presented import PresentedToken
from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_JAG, TOKEN_EXCHANGE
from app.oauth.exchange.verification import SUPPORTED, TokenVerification
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.proven_keys import ProvenKeys, bound_to, is_proven
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.repositories.accounts.users import UserRepository
from app.repositories.oauth.exchanged_tokens import MAXIMUM_EXCHANGES
from app.schemas.client_policies import ExchangePolicy
from app.schemas.tokens import TokenResponse
from app.services.accounts.entitlements import EntitlementService

NO_POLICY = ExchangePolicy()


class TokenExchangeParameters(GrantParameters):
    """Token request of a service that exchanges the token of a caller for a narrower one.

    The target is a resource, named by `resource` or `audience`.
    """

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"]
    subject_token: Annotated[str, Field(description="The token to exchange.")]
    subject_token_type: Annotated[
        str, Field(description="A token type URI: access_token, id_token or jwt.")
    ]
    actor_token: Annotated[
        str | None, Field(description="A token of the party that will act for the subject.")
    ] = None
    actor_token_type: Annotated[
        str | None, Field(description="Required with `actor_token`, and only with it.")
    ] = None
    audience: Annotated[
        str | None, Field(description="The identifier of the target, instead of `resource`.")
    ] = None
    requested_token_type: Annotated[
        str | None, Field(description="An access token, which is the default, or an ID-JAG.")
    ] = None


class TokenExchangeGrant(Grant[TokenExchangeParameters]):
    grant_type = TOKEN_EXCHANGE
    requires_user = False
    is_for_public_clients = False
    allows_open_registration = False
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = TokenExchangeParameters
    example_name = "Exchange a token for another service"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": "postern_at_…",
        "subject_token_type": ACCESS_TOKEN,
        "resource": "https://reports.example.com",
    }

    def __init__(
        self,
        *,
        token_verification: TokenVerification,
        exchanged_token_issuer: ExchangedTokenIssuer,
        resource_indicators: ResourceIndicators,
        user_repository: UserRepository,
        entitlements: EntitlementService,
        act_claims: ActClaims,
        identity_assertions: IdentityAssertions,
    ) -> None:
        self._token_verification = token_verification
        self._exchanged_token_issuer = exchanged_token_issuer
        self._resource_indicators = resource_indicators
        self._user_repository = user_repository
        self._entitlements = entitlements
        self._act_claims = act_claims
        self._identity_assertions = identity_assertions

    async def exchange(
        self, request: TokenRequest, parameters: TokenExchangeParameters
    ) -> TokenResponse:
        client, keys = request.client, request.keys
        refuse_details(parameters.authorization_details)
        if parameters.requested_token_type == ID_JAG:
            return await self._identity_assertions.issue(
                client, _assertion_request(parameters), keys=keys
            )
        _check_types(parameters)
        resource = await self._target_of(client, parameters)
        subject = await self._verified_subject(client, parameters)
        actor = await self._verified_actor(client, parameters)
        actors = await self._actors_of(client, subject, actor, resource)
        grant = narrowed_to(resource, subject, client, asked=parameters.scope)
        grant = bound_to(keys, grant, client)
        _require_binding(grant.confirmation, client, keys, subject=subject, actor=actor)
        exchange = Exchange(
            subject=subject,
            user=await self._user_of(client, subject),
            actors=actors,
            grant=grant,
        )
        response = await self._exchanged_token_issuer.issue(client, exchange, keys=keys)
        if response is None:
            raise InvalidSubjectTokenError(reason="the subject token was revoked concurrently")
        return response

    async def _target_of(self, client: Client, parameters: TokenExchangeParameters) -> Resource:
        resource = await self._resource_indicators.target(
            client, resource=parameters.resource, audience=parameters.audience
        )
        if resource.name not in _policy_of(client).targets:
            raise InvalidTargetError(
                reason=f"the target {resource.name} is not among those of the client: run"
                f" `postern clients policy {client.client_id} --exchange-target {resource.name}`"
            )
        return resource

    async def _verified_subject(
        self, client: Client, parameters: TokenExchangeParameters
    ) -> PresentedToken:
        try:
            subject = await self._token_verification.verify(
                parameters.subject_token, parameters.subject_token_type, client, is_actor=False
            )
        except UnacceptableTokenError as error:
            raise InvalidSubjectTokenError(reason=f"the subject token: {error}") from None
        if subject.exchanges >= MAXIMUM_EXCHANGES:
            raise InvalidSubjectTokenError(reason="the subject token was exchanged too many times")
        return subject

    async def _verified_actor(
        self, client: Client, parameters: TokenExchangeParameters
    ) -> PresentedToken | None:
        if parameters.actor_token is None or parameters.actor_token_type is None:
            return None
        try:
            actor = await self._token_verification.verify(
                parameters.actor_token, parameters.actor_token_type, client, is_actor=True
            )
        except UnacceptableTokenError as error:
            raise InvalidActorTokenError(reason=f"the actor token: {error}") from None
        if actor.actors or actor.exchanges:
            raise InvalidActorTokenError(reason="the actor token is a delegated token itself")
        return actor

    async def _actors_of(
        self,
        client: Client,
        subject: PresentedToken,
        actor: PresentedToken | None,
        resource: Resource,
    ) -> tuple[Actor, ...]:
        """Return the chain of actors of the new token, the current one first (section 4.1)."""
        if actor is None and resource.name not in _policy_of(client).targets_without_actor:
            raise InvalidRequestError(
                Description.ACTOR_TOKEN_REQUIRED,
                reason=f"the target {resource.name} requires an actor token: send one, or run"
                f" `postern clients policy {client.client_id} --exchange-without-actor"
                f" {resource.name}`",
            )
        acting = actor.as_actor if actor is not None else Actor(client_id=client.client_id)
        if subject.may_act is not None and not await self._act_claims.permits(
            subject.may_act, acting
        ):
            raise InvalidSubjectTokenError(reason="the subject token: may_act names another actor")
        chain = (acting, *subject.actors) if actor is not None else subject.actors
        if len(chain) > MAXIMUM_ACTORS:
            raise InvalidSubjectTokenError(
                Description.TOO_MANY_ACTORS, reason="the subject token has too many actors"
            )
        return chain

    async def _user_of(self, client: Client, subject: PresentedToken) -> User | None:
        """Return the user of the subject token, who must be allowed to use the client."""
        if subject.user_id is None:
            return None
        user = await self._user_repository.find(subject.user_id)
        if user is None or user.is_disabled:
            raise InvalidSubjectTokenError(reason="the subject token: its user is disabled")
        if not await may_use(client, self._entitlements.lazily(user.user_id)):
            raise InvalidSubjectTokenError(reason=REFUSED)
        return user


def _check_types(parameters: TokenExchangeParameters) -> None:
    """Check the token types (sections 2.1 and 2.2.2)."""
    if parameters.requested_token_type not in (None, ACCESS_TOKEN):
        raise InvalidRequestError(Description.NOT_SUPPORTED.format(name="requested_token_type"))
    if parameters.subject_token_type not in SUPPORTED:
        raise InvalidRequestError(Description.NOT_SUPPORTED.format(name="subject_token_type"))
    if (parameters.actor_token is None) != (parameters.actor_token_type is None):
        raise InvalidRequestError(Description.ACTOR_TOKEN_INCOMPLETE)
    actor_type = parameters.actor_token_type
    if actor_type is not None and actor_type not in SUPPORTED:
        raise InvalidRequestError(Description.NOT_SUPPORTED.format(name="actor_token_type"))


def _assertion_request(parameters: TokenExchangeParameters) -> AssertionRequest:
    return AssertionRequest(
        subject_token=parameters.subject_token,
        subject_token_type=parameters.subject_token_type,
        audience=parameters.audience,
        resource=parameters.resource,
        scope=parameters.scope,
        has_actor=parameters.actor_token is not None or parameters.actor_token_type is not None,
    )


def _policy_of(client: Client) -> ExchangePolicy:
    policies = client.policies_in_force
    return policies.token_exchange if policies is not None else NO_POLICY


def _require_binding(
    confirmation: str | None,
    client: Client,
    keys: ProvenKeys,
    *,
    subject: PresentedToken,
    actor: PresentedToken | None,
) -> None:
    """Refuse to turn a bound token into a bearer token.

    The key of the subject token is not asked for, since another client has it. A client that acts
    by a bound token of its own must prove its key.
    """
    is_own = actor is not None and actor.client_id == client.client_id
    if actor is not None and is_own and not is_proven(actor.confirmation, keys):
        raise InvalidActorTokenError(
            reason="the actor token is bound to a key that the request does not prove"
        )
    bound = subject.confirmation or (actor.confirmation if actor is not None else None)
    if bound is not None and confirmation is None:
        raise InvalidRequestError(
            Description.BINDING_REQUIRED,
            reason="the subject or actor token is bound to a key, and the new one would not be",
        )
