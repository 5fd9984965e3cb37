"""Verification of subject and actor tokens (RFC 8693 section 2.1), by the type that is stated.

Accepted are access tokens of this server, ID tokens that it issued to the calling client, and JWTs
of trusted issuers. Never accepted are personal access tokens, and tokens with scopes of the admin
API.
"""

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.actors import parse_actors
from app.models.oauth.granted_resources import parse_granted
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.access_token_reader import MAXIMUM_LENGTH, AccessTokenReader
from app.oauth.exchange.actors import foreign_actors, may_act_of
from app.oauth.exchange.errors import UnacceptableTokenError
from app.oauth.exchange.presented import NO_REFERENCE, PresentedToken
from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_TOKEN, JWT
from app.oauth.id_tokens import IdTokens
from app.oauth.trusted_assertions import (
    PROVABLE,
    TrustedAssertions,
    UntrustedAssertionError,
    confirmation_in,
    only_one,
)
from app.observability.refusals import shell_word
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.exchanged_tokens import ExchangedTokenRepository
from app.schemas.admin_scopes import AdminScope
from app.security.text import is_storable
from app.services.clients.fapi import FapiProfile
from app.services.oauth.resource_catalogue import ResourceCatalogue

ADMIN_SCOPES = frozenset(AdminScope)

SUPPORTED = (ACCESS_TOKEN, ID_TOKEN, JWT)


class TokenVerification:
    def __init__(
        self,
        *,
        access_tokens: AccessTokenReader,
        id_tokens: IdTokens,
        trusted_assertions: TrustedAssertions,
        exchanged_token_repository: ExchangedTokenRepository,
        resource_catalogue: ResourceCatalogue,
        client_repository: ClientRepository,
        user_repository: UserRepository,
        fapi: FapiProfile,
        clock: Clock,
    ) -> None:
        self._access_tokens = access_tokens
        self._id_tokens = id_tokens
        self._trusted_assertions = trusted_assertions
        self._exchanged_token_repository = exchanged_token_repository
        self._resource_catalogue = resource_catalogue
        self._client_repository = client_repository
        self._user_repository = user_repository
        self._fapi = fapi
        self._clock = clock

    async def verify(
        self, token: str, token_type: str, client: Client, *, is_actor: bool
    ) -> PresentedToken:
        """Return what a token says that a client may exchange, or act by.

        A client may act by any access token that was issued to it, besides what it may exchange.
        Raises `UnacceptableTokenError`.
        """
        if len(token) > MAXIMUM_LENGTH or not is_storable(token):
            raise UnacceptableTokenError("the token is too long, or has control characters")
        if token_type == ACCESS_TOKEN:
            presented = await self._access_token(token, client, is_actor=is_actor)
        elif token_type == ID_TOKEN:
            presented = await self._id_token(token, client)
        else:
            presented = await self._trusted_jwt(token, client)
        if admin := sorted(ADMIN_SCOPES.intersection(presented.scope.split())):
            raise UnacceptableTokenError(f"it has scopes of the admin API: {' '.join(admin)}")
        if presented.expires_at <= self._clock.now():
            raise UnacceptableTokenError("it has expired")
        return presented

    async def _access_token(self, token: str, client: Client, *, is_actor: bool) -> PresentedToken:
        """Verify an access token of ours, opaque or a JWT; no other kind of token is one."""
        found = await self._access_tokens.find_valid(token)
        if found is None:
            raise UnacceptableTokenError("the access token is unknown, expired or revoked")
        if self._fapi.requires_binding(found.policies, found.confirmation):
            raise UnacceptableTokenError("the access token is not bound, as FAPI 2.0 requires")
        if not is_actor or found.client_id != client.client_id:
            await self._require_right(client, owner=found.client_id, audience=found.audience)
        exchanges = 0
        if found.subject_client_id is not None:
            exchanges = await self._exchanges_of(found.family_id or "")
        is_about_client = found.user_id is None
        return PresentedToken(
            client_id=found.client_id,
            user_id=found.user_id,
            about_client_id=(found.about_client_id or found.client_id) if is_about_client else None,
            audience=found.audience,
            scope=found.scope,
            expires_at=found.expires_at,
            actors=parse_actors(found.actors),
            may_act=may_act_of(found.policies),
            confirmation=found.confirmation,
            granted=None,
            row=None,
            family_id=found.family_id,
            reference=await self._access_tokens.reference_of(token),
            exchanges=exchanges,
        )

    async def _require_right(self, client: Client, *, owner: str, audience: str | None) -> None:
        """Require a client to serve the audience, or without one to be the owner or its exchanger.

        The owner of a token with an audience may not exchange it: it is not meant for the owner.
        """
        if audience is None:
            if owner != client.client_id and owner not in exchangeable_for(client):
                raise UnacceptableTokenError(
                    f"it belongs to another client: run `postern clients policy {client.client_id}"
                    f" --exchanger-of {shell_word(owner, 'CLIENT_ID')}`"
                )
            return
        resource = await self._resource_catalogue.find(audience)
        if (
            resource is None
            or resource.identifier != audience
            or not resource.is_served_by(client.client_id)
        ):
            name = resource.name if resource is not None else "NAME"
            raise UnacceptableTokenError(
                f"the client does not act as the server of its resource: run `postern resources set"
                f" {name} --server {client.client_id}`"
            )

    async def _exchanges_of(self, family_id: str) -> int:
        count = await self._exchanged_token_repository.count_exchanges(family_id)
        if count is None:
            raise UnacceptableTokenError("its own subject token is not valid any more")
        return count

    async def _id_token(self, token: str, client: Client) -> PresentedToken:
        """Verify an ID token of ours; it is that of a sign-in that is still valid."""
        read = await self._id_tokens.read_subject(token, client)
        if read is None:
            raise UnacceptableTokenError("it is not an ID token that was issued to this client")
        found = await self._exchanged_token_repository.find_sign_in(
            read.family_id, now=self._clock.now()
        )
        if found is None or found.client_id != client.client_id:
            raise UnacceptableTokenError("its sign-in was revoked or has expired")
        return PresentedToken(
            client_id=client.client_id,
            user_id=found.user_id,
            about_client_id=None,
            audience=None,
            scope=" ".join(
                name
                for name in found.scope.split()
                if name in client.allowed_scopes and name not in ADMIN_SCOPES
            ),
            expires_at=min(read.expires_at, found.family_expires_at),
            actors=(),
            may_act=may_act_of(client.policies),
            confirmation=None,
            granted=await self._resource_catalogue.still_granted(
                parse_granted(found.resources), granted_at=found.created_at
            ),
            row=None,
            family_id=read.family_id,
            reference=NO_REFERENCE,
            exchanges=0,
        )

    async def _trusted_jwt(self, token: str, client: Client) -> PresentedToken:
        """Verify a JWT of a trusted issuer, which stands for a client or a user."""
        try:
            verified = await self._trusted_assertions.verify(token)
            proven = only_one(verified, where=lambda row: _may_present(client, row))
        except UntrustedAssertionError as error:
            raise UnacceptableTokenError(str(error)) from None
        row, actors = proven.row, foreign_actors(proven.claims)
        if actors is None:
            raise UnacceptableTokenError("its act claim is malformed, or has too many actors")
        await self._require_subject_of(row)
        return PresentedToken(
            client_id=row.client_id or client.client_id,
            user_id=row.user_id,
            about_client_id=row.client_id,
            audience=None,
            scope=row.scopes,
            expires_at=proven.expires_at,
            actors=tuple(actors),
            may_act=proven.claims.get("may_act"),
            confirmation=confirmation_in(proven.claims, members=PROVABLE),
            granted=None,
            row=row,
            family_id=None,
            reference=NO_REFERENCE,
            exchanges=0,
        )

    async def _require_subject_of(self, row: TrustedIssuer) -> None:
        if row.user_id is not None:
            user = await self._user_repository.find(row.user_id)
            is_active = user is not None and not user.is_disabled
        else:
            client = await self._client_repository.find(row.client_id or "", now=self._clock.now())
            is_active = client is not None and not client.is_disabled
        if not is_active:
            raise UnacceptableTokenError(f"{row.name}: its user or client is unknown or disabled")


def exchangeable_for(client: Client) -> frozenset[str]:
    """Return the other clients whose tokens without an audience a client may exchange."""
    policies = client.policies_in_force
    return frozenset(policies.token_exchange.exchanger_of if policies is not None else ())


def _may_present(client: Client, row: TrustedIssuer) -> bool:
    if row.user_id is not None:
        return row.may_be_presented_by(client.client_id)
    return row.client_id == client.client_id or row.client_id in exchangeable_for(client)
