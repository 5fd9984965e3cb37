"""Introspection of personal access tokens (RFC 7662), by the servers of their resource only.

They are valid nowhere else: every endpoint of ours looks up access tokens only.
"""

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.models.clients.clients import Client
from app.oauth.subjects import subject_for
from app.observability.logging import logger
from app.repositories.oauth.personal_tokens import USE_WRITTEN_AFTER, PersonalTokenRepository
from app.schemas.tokens import Introspected, introspected
from app.security.tokens import digest_of
from app.services.accounts.entitlements import EntitlementService
from app.services.clients.fapi import FapiProfile
from app.services.oauth.personal_tokens import may_have_personal_tokens, personal_scopes
from app.services.oauth.resource_catalogue import ResourceCatalogue

log = logger(__name__)


class PersonalTokenIntrospection:
    def __init__(
        self,
        *,
        personal_token_repository: PersonalTokenRepository,
        resource_catalogue: ResourceCatalogue,
        entitlements: EntitlementService,
        fapi: FapiProfile,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._personal_token_repository = personal_token_repository
        self._resource_catalogue = resource_catalogue
        self._entitlements = entitlements
        self._fapi = fapi
        self._clock = clock
        self._issuer = issuer

    async def respond(self, token: str, client: Client) -> Introspected | None:
        """Return the response for a valid token, or None.

        The state of the user, their groups and the policy of the resource are read each time. The
        subject is the one that the server of the resource knows, and the token has no client.
        """
        digest, now = digest_of(token), self._clock.now()
        row = await self._personal_token_repository.find_valid(digest, now=now)
        if row is None or self._fapi.holds_for_all:
            return None
        resource = await self._resource_catalogue.find_audience(
            row.audience, issued_at=row.created_at
        )
        if (
            resource is None
            or not resource.is_served_by(client.client_id)
            or not await may_have_personal_tokens(resource, self._entitlements.lazily(row.user_id))
        ):
            return None
        scopes = personal_scopes(resource).intersection(row.scope.split())
        if row.last_used_at is None or row.last_used_at <= now - USE_WRITTEN_AFTER:
            await self._note_use(digest)
        return introspected(
            active=True,
            scope=" ".join(sorted(scopes)) or None,
            username=row.username if client.sector_identifier is None else None,
            token_type="Bearer",
            exp=int(row.expires_at.timestamp()),
            iat=int(row.created_at.timestamp()),
            sub=subject_for(
                row.user_id, salt=row.pairwise_salt, sector_identifier=client.sector_identifier
            ),
            iss=self._issuer,
            aud=row.audience,
        )

    async def _note_use(self, digest: bytes) -> None:
        """Write the use; the response does not depend on it."""
        try:
            await self._personal_token_repository.note_use(digest, now=self._clock.now())
        except DatabaseUnavailableError:
            log.warning("the use of a personal access token was not written")
