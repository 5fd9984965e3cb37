"""From a request to its answer, by way of the pages that are due."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.models.authorization_codes import AuthorizationCode
from app.models.authorization_requests import StoredRequest
from app.oauth.authorization.interactions import (
    IN_SILENCE,
    Interactions,
    Position,
    Step,
    acr_for,
    consent_scopes,
)
from app.oauth.authorization.requests import (
    AuthorizationRequest,
    RefusedRequestError,
    RequestParser,
    UntrustedRequestError,
)
from app.oauth.authorization.response_modes import AuthorizationResponse
from app.oauth.authorization.sources import RequestSources, Source
from app.oauth.claims import parse_claims
from app.oauth.errors import AccessDeniedError, OAuth2Error
from app.observability import refusals
from app.repositories.authorization_codes import AuthorizationCodeRepository
from app.repositories.authorization_requests import AuthorizationRequestRepository
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.client_fingerprints import fingerprint_of
from app.services.consents import ConsentService
from app.services.limits import Limits
from app.services.sessions import SignedIn

INTERACTION = "interaction"
INTERACTION_TTL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Interaction:
    """The page that is due for a kept request; `request_id` is its secret name."""

    step: Step
    request_id: str
    ui_locales: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A kept request as a page shows it."""

    request: AuthorizationRequest
    stored: StoredRequest


Outcome = AuthorizationResponse | Interaction


class AuthorizationEndpoint:
    """`code_ttl` is how long a code can be redeemed."""

    def __init__(
        self,
        sources: RequestSources,
        parser: RequestParser,
        interactions: Interactions,
        consents: ConsentService,
        stored: AuthorizationRequestRepository,
        codes: AuthorizationCodeRepository,
        limits: Limits,
        clock: Clock,
        *,
        code_ttl: timedelta,
    ) -> None:
        self._sources = sources
        self._parser = parser
        self._interactions = interactions
        self._consents = consents
        self._stored = stored
        self._codes = codes
        self._limits = limits
        self._clock = clock
        self._code_ttl = code_ttl

    async def begin(self, parameters: Mapping[str, str], signed_in: Sequence[SignedIn]) -> Outcome:
        """Answers a request, or says which page is due; raises `UntrustedRequestError`."""
        try:
            source = await self._sources.read(parameters, is_anonymous=not signed_in)
            request = self._parse(source)
            position = await self._position(request, signed_in, kept=None)
            if position.step is None:
                return await self._answer(request, position, None)
            if not signed_in:
                await self._limits.count_authorization_request()
            request_id = await self._keep(source, request)
            return Interaction(position.step, request_id, request.ui_locales)
        except RefusedRequestError as refused:
            return _error_response(refused)

    async def keep(self, parameters: Mapping[str, str]) -> str | AuthorizationResponse:
        """Keeps a request for `resume` and gives its name, or the answer where it is refused."""
        try:
            source = await self._sources.read(parameters, is_anonymous=True)
            request = self._parse(source)
            await self._limits.count_authorization_request()
            return await self._keep(source, request)
        except RefusedRequestError as refused:
            return _error_response(refused)

    async def resume(self, request_id: str, signed_in: Sequence[SignedIn]) -> Outcome:
        """Goes on with a kept request, after a page."""
        pending = await self.find(request_id)
        request, stored = pending.request, pending.stored
        try:
            position = await self._position(request, signed_in, kept=stored)
            if position.step is None:
                return await self._answer(request, position, stored)
            return Interaction(position.step, request_id, request.ui_locales)
        except RefusedRequestError as refused:
            return await self._finish_with(refused, stored)

    async def decide(
        self,
        request_id: str,
        signed_in: Sequence[SignedIn],
        *,
        session_id: str,
        client_fingerprint: str,
        is_allowed: bool,
    ) -> Outcome:
        """What a person said on the consent page, which was shown for a session.

        It counts only while the page is still the one that is due, for the same session, and
        while the client still is what the page showed.
        """
        pending = await self.find(request_id)
        request, stored = pending.request, pending.stored
        try:
            position = await self._position(request, signed_in, kept=stored)
        except RefusedRequestError as refused:
            return await self._finish_with(refused, stored)
        person = position.person
        if position.step is not Step.CONSENT or person is None:
            return await self.resume(request_id, signed_in)
        is_as_shown = client_fingerprint == fingerprint_of(request.client)
        if person.session.session_id != session_id or (is_allowed and not is_as_shown):
            return Interaction(Step.CONSENT, request_id, request.ui_locales)
        if not is_allowed:
            return await self._finish_with(request.refused(AccessDeniedError()), stored)
        await self._consents.grant(person.user, request.client, consent_scopes(request))
        await self._stored.set_consent(stored.digest, session_id)
        return await self.resume(request_id, signed_in)

    async def cancel(self, request_id: str) -> AuthorizationResponse:
        """The person wants to go back without signing in."""
        pending = await self.find(request_id)
        refused = pending.request.refused(AccessDeniedError())
        return await self._finish_with(refused, pending.stored)

    async def find(self, request_id: str) -> Pending:
        """A kept request that was not answered yet; raises `UntrustedRequestError`."""
        stored = None
        if TokenKind.REQUEST.matches(request_id):
            stored = await self._stored.find(digest_of(request_id), now=self._clock.now())
        if stored is None or stored.kind != INTERACTION:
            raise _expired("the pending request is unknown or has expired")
        if stored.used_at is not None:
            raise _complete()
        kept = json.loads(stored.parameters)
        client = await self._sources.client(stored.client_id)
        try:
            request = self._parser.parse(client, kept["parameters"], began_at=stored.created_at)
        except RefusedRequestError:  # the client changed meanwhile, and may not ask this any more
            raise _expired("the client may not ask for this any more") from None
        return Pending(_as_kept(request, kept), stored)

    async def position(self, pending: Pending, signed_in: Sequence[SignedIn]) -> Position:
        """Where a kept request stands, for a page that wants to know whether it is due."""
        return await self._interactions.position(pending.request, signed_in, kept=pending.stored)

    async def set_session(self, request_id: str, session_id: str) -> None:
        """Keeps which session was begun, or which account was chosen, for a request."""
        await self._stored.set_session(digest_of(request_id), session_id)

    def _parse(self, source: Source) -> AuthorizationRequest:
        return self._parser.parse(source.client, source.parameters, began_at=source.began_at)

    async def _position(
        self,
        request: AuthorizationRequest,
        signed_in: Sequence[SignedIn],
        *,
        kept: StoredRequest | None,
    ) -> Position:
        """Raises `RefusedRequestError` also where a page is due and none may be shown."""
        try:
            position = await self._interactions.position(request, signed_in, kept=kept)
        except OAuth2Error as error:
            raise request.refused(error) from None
        if position.step is not None and "none" in request.prompts:
            reason = f"prompt=none, and the page {position.step.value} is required"
            raise request.refused(IN_SILENCE[position.step](reason=reason))
        return position

    async def _keep(self, source: Source, request: AuthorizationRequest) -> str:
        """With what it asks as of now: a client that registers more later is not asked about it."""
        kept = {
            "parameters": {
                name: value for name, value in source.parameters.items() if name != "claims"
            },
            "scopes": request.scopes,
            "claims": request.claims.text,
        }
        request_id = new_token(TokenKind.REQUEST)
        await self._stored.add(
            StoredRequest(
                digest=digest_of(request_id),
                kind=INTERACTION,
                client_id=source.client.client_id,
                parameters=json.dumps(kept, ensure_ascii=False),
                session_id=None,
                consent_session_id=None,
                created_at=source.began_at,
                expires_at=source.began_at + INTERACTION_TTL,
                used_at=None,
            )
        )
        return request_id

    async def _finish_with(
        self, refused: RefusedRequestError, stored: StoredRequest
    ) -> AuthorizationResponse:
        await self._stored.use(stored.digest, now=self._clock.now())
        return _error_response(refused)

    async def _answer(
        self, request: AuthorizationRequest, position: Position, stored: StoredRequest | None
    ) -> AuthorizationResponse:
        """A code, once for a request."""
        person = position.person
        assert person is not None  # noqa: S101 - no step is due, so somebody is signed in
        now = self._clock.now()
        if stored is not None and not await self._stored.use(stored.digest, now=now):
            raise _complete()
        code = new_token(TokenKind.AUTHORIZATION_CODE)
        made = AuthorizationCode(
            family_id=new_identifier(),
            client_id=request.client.client_id,
            user_id=person.user.user_id,
            credentials_version=person.session.credentials_version,
            session_id=person.session.session_id,
            redirect_uri=request.parameters.get("redirect_uri", ""),
            scope=request.scope,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            claims=request.claims.text,
            auth_time=person.session.auth_time,
            acr=acr_for(request, person),
            amr=person.session.amr,
            issued_at=now,
            expires_at=now + self._code_ttl,
            used_at=None,
            used_for=None,
        )
        await self._codes.store(digest_of(code), made)
        return request.target.response({"code": code})


def _error_response(refused: RefusedRequestError) -> AuthorizationResponse:
    error = refused.error
    refusals.note(error)
    parameters = {"error": str(error.error)}
    if error.description:
        parameters["error_description"] = str(error.description)
    return refused.target.response(parameters)


def _expired(reason: str) -> UntrustedRequestError:
    return UntrustedRequestError(
        "This page has expired. Go back to the application and begin again.",
        error="expired_request",
        reason=reason,
    )


def _complete() -> UntrustedRequestError:
    return UntrustedRequestError(
        "This sign-in is complete. Go back to the application.",
        error="used_request",
        reason="the pending request was answered before",
    )


def _as_kept(request: AuthorizationRequest, kept: Mapping[str, Any]) -> AuthorizationRequest:
    """What was asked when it was kept, less what the client may not have any more."""
    client = request.client
    return replace(
        request,
        scopes=tuple(name for name in kept["scopes"] if name in client.scopes),
        claims=parse_claims(kept["claims"]).within(client.scope),
    )
