"""Issuing of Identity Assertion JWT Authorization Grants, ID-JAGs
(draft-ietf-oauth-identity-assertion-authz-grant section 4.3).

A client takes the identity of a user to another authorization server, where the user signs in by
this one. The policy of the client names that server, what the client is called there, and which
users. The subject token is an ID token or the refresh token of the client, which stays as it is.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.oauth.access_policy import REFUSED, is_within, may_use
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import JKT
from app.oauth.errors import InvalidRequestError, InvalidTargetError
from app.oauth.exchange.errors import InvalidSubjectTokenError
from app.oauth.exchange.token_types import ID_JAG, ID_TOKEN, REFRESH_TOKEN
from app.oauth.id_tokens import IdTokens
from app.oauth.issuer import TokenIssuer
from app.oauth.lifetimes import refresh_token_expiry
from app.oauth.proven_keys import ProvenKeys, is_proven
from app.oauth.scopes import split_scope, wider_than_allowed
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.exchanged_tokens import ExchangedTokenRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.client_policies import IdentityAssertionPolicy
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of, new_identifier
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog

LIFETIME = timedelta(seconds=300)


class AssertionRequest(NamedTuple):
    """The parameters of a request for an ID-JAG."""

    subject_token: str
    subject_token_type: str
    audience: str | None
    resource: str | None
    scope: str | None
    has_actor: bool


class IdentityAssertions:
    def __init__(
        self,
        *,
        id_tokens: IdTokens,
        token_issuer: TokenIssuer,
        exchanged_token_repository: ExchangedTokenRepository,
        refresh_token_repository: RefreshTokenRepository,
        token_family_repository: TokenFamilyRepository,
        client_repository: ClientRepository,
        user_repository: UserRepository,
        entitlements: EntitlementService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._id_tokens = id_tokens
        self._token_issuer = token_issuer
        self._exchanged_token_repository = exchanged_token_repository
        self._refresh_token_repository = refresh_token_repository
        self._token_family_repository = token_family_repository
        self._client_repository = client_repository
        self._user_repository = user_repository
        self._entitlements = entitlements
        self._audit = audit
        self._clock = clock

    async def issue(
        self, client: Client, request: AssertionRequest, *, keys: ProvenKeys
    ) -> TokenResponse:
        """Issue an ID-JAG; raises an `OAuth2Error`. It is in the audit log by its `jti`."""
        if request.has_actor:
            text = Description.PARAMETER_NOT_SUPPORTED
            raise InvalidRequestError(text.format(name="actor_token"))
        for name in ("audience", "resource"):
            if getattr(request, name) is None:
                raise InvalidRequestError(Description.PARAMETER_MISSING.format(name=name))
        policy = _policy_for(client, request.audience)
        relying_party = await self._relying_party_of(policy)
        scope = _narrowed(request.scope, policy)
        if request.resource not in policy.resources:
            raise InvalidTargetError(
                reason="the target is not among the resources of the identity assertion policy"
            )
        family_id = await self._family_of(client, request, keys)
        user = await self._user_of(client, policy, family_id)
        now = self._clock.now()
        content = {
            **await self._sign_in_claims(family_id),
            "jti": new_identifier(),
            "aud": policy.audience,
            "client_id": policy.client_id,
            "resource": request.resource,
            **({"scope": scope} if scope else {}),
            **(_email_of(user) if policy.release_email else {}),
            **({"cnf": {JKT: keys.proof.jkt}} if keys.proof is not None else {}),
        }
        assertion = await self._id_tokens.identity_assertion(
            relying_party, user, content, issued_at=now, expires_at=now + LIFETIME
        )
        await self._token_issuer.refuse_replay(keys)
        await self._audit.record(
            AccountEvent.IDENTITY_ASSERTED,
            user_id=user.user_id,
            client_id=client.client_id,
            actor=f"client:{client.client_id}",
            audience=policy.audience,
            resource=request.resource,
            scope=scope,
            jti=content["jti"],
        )
        return TokenResponse(
            access_token=assertion,
            token_type="N_A",
            expires_in=int(LIFETIME.total_seconds()),
            scope=scope or None,
            issued_token_type=ID_JAG,
        )

    async def _relying_party_of(self, policy: IdentityAssertionPolicy) -> Client:
        found = await self._client_repository.find(policy.relying_party, now=self._clock.now())
        if found is None or found.is_disabled:
            raise InvalidTargetError(
                reason=f"the target {policy.audience}: its relying party is unknown or disabled"
            )
        return found

    async def _family_of(self, client: Client, request: AssertionRequest, keys: ProvenKeys) -> str:
        """Return the family of the sign-in that a subject token proves."""
        if request.subject_token_type == ID_TOKEN:
            read = await self._id_tokens.read_subject(request.subject_token, client)
            if read is None:
                raise InvalidSubjectTokenError(
                    reason="the subject token: it is not an ID token that was issued to this client"
                )
            return read.family_id
        if request.subject_token_type != REFRESH_TOKEN:
            raise InvalidRequestError(Description.NOT_SUPPORTED.format(name="subject_token_type"))
        if not TokenKind.REFRESH_TOKEN.matches(request.subject_token):
            raise InvalidSubjectTokenError(reason="the subject token is not a refresh token")
        token = await self._refresh_token_repository.find_in_active_family(
            digest_of(request.subject_token)
        )
        if (
            token is None
            or not token.check_client(client)
            or token.used_at is not None
            or refresh_token_expiry(token, client) <= self._clock.now()
            or not is_proven(token.confirmation, keys)
        ):
            raise InvalidSubjectTokenError(
                reason="the subject token: the refresh token is not valid, or not this client's"
            )
        return token.family_id

    async def _user_of(
        self, client: Client, policy: IdentityAssertionPolicy, family_id: str
    ) -> User:
        """Return the user of a sign-in that is still valid, whom the policies allow."""
        sign_in = await self._exchanged_token_repository.find_sign_in(
            family_id, now=self._clock.now()
        )
        if sign_in is None or sign_in.client_id != client.client_id:
            raise InvalidSubjectTokenError(reason="the subject token: its sign-in has ended")
        user = await self._user_repository.find(sign_in.user_id)
        entitlements = self._entitlements.lazily(sign_in.user_id)
        if user is None or not await may_use(client, entitlements):
            raise InvalidSubjectTokenError(reason=REFUSED)
        if not await is_within(policy.access, entitlements):
            raise InvalidTargetError(
                reason=f"the target {policy.audience} is not allowed for this user"
            )
        return user

    async def _sign_in_claims(self, family_id: str) -> dict[str, Any]:
        sign_in = await self._token_family_repository.find_sign_in(family_id)
        if sign_in is None or sign_in.auth_time is None:
            return {}
        return {
            "auth_time": _seconds(sign_in.auth_time),
            **({"acr": sign_in.acr} if sign_in.acr else {}),
            **({"amr": sign_in.amr.split()} if sign_in.amr else {}),
        }


def _policy_for(client: Client, audience: str | None) -> IdentityAssertionPolicy:
    policies = client.policies_in_force
    for each in policies.identity_assertions if policies is not None else ():
        if each.audience == audience:
            return each
    raise InvalidTargetError(
        reason="the target is not an authorization server of the client: add it with `postern"
        f" clients policy {client.client_id} --identity-assertion JSON`"
    )


def _narrowed(asked: str | None, policy: IdentityAssertionPolicy) -> str:
    if asked is None:
        return " ".join(policy.scopes)
    names = split_scope(asked)
    if excess := [name for name in names if name not in policy.scopes]:
        raise wider_than_allowed(
            f"the target {policy.audience}: its policy does not allow the scope {' '.join(excess)}"
        )
    return " ".join(names)


def _email_of(user: User) -> dict[str, Any]:
    email = user.standard_claims.verified_email
    return {"email": email, "email_verified": True} if email is not None else {}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
