"""Authorization endpoint: from a request, through the pages it requires, to the response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from app.clock import Clock
from app.models.oauth.authorization_codes import AuthorizationCode
from app.models.oauth.authorization_requests import StoredRequest
from app.oauth.authorization.interactions import (
    PROMPT_NONE_ERRORS,
    InteractionKind,
    Interactions,
    Position,
    acr_for,
    consent_scopes,
)
from app.oauth.authorization.pending import Pending, PendingRequests
from app.oauth.authorization.refused import error_response, require_known_target
from app.oauth.authorization.requests import (
    AuthorizationRequest,
    RefusedRequestError,
    RequestParser,
)
from app.oauth.authorization.response_modes import AuthorizationResponse
from app.oauth.authorization.sources import RequestSources, Source
from app.oauth.authorization.stale import complete
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.detail_lists import types_in
from app.oauth.dpop.confirmation import confirmation_of
from app.oauth.errors import AccessDeniedError, OAuth2Error, UserNotAllowedError
from app.repositories.oauth.authorization_codes import AuthorizationCodeRepository
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.accounts.sessions import SignedIn
from app.services.clients.client_fingerprints import fingerprint_of
from app.services.clients.consents import ConsentService
from app.services.clients.fapi import FapiProfile
from app.services.operations.limits import Limits


@dataclass(frozen=True, slots=True)
class Interaction:
    """An interaction that a pending request requires, and for whom, as in its `position`.

    `request_id` is the secret name of the request.
    """

    step: InteractionKind
    position: Position
    request_id: str
    ui_locales: str | None


Outcome = AuthorizationResponse | Interaction


class AuthorizationEndpoint:
    """Authorization endpoint; `code_ttl` is how long a code can be redeemed."""

    def __init__(
        self,
        *,
        request_sources: RequestSources,
        request_parser: RequestParser,
        interactions: Interactions,
        consents: ConsentService,
        client_documents: ClientDocuments,
        authorization_request_repository: AuthorizationRequestRepository,
        authorization_code_repository: AuthorizationCodeRepository,
        fapi: FapiProfile,
        limits: Limits,
        clock: Clock,
        code_ttl: timedelta,
    ) -> None:
        self._request_sources = request_sources
        self._pending = PendingRequests(
            authorization_request_repository=authorization_request_repository,
            request_sources=request_sources,
            request_parser=request_parser,
            client_documents=client_documents,
            clock=clock,
        )
        self._client_documents, self._consents = client_documents, consents
        self._request_parser, self._interactions = request_parser, interactions
        self._authorization_request_repository = authorization_request_repository
        self._authorization_code_repository = authorization_code_repository
        self._fapi = fapi
        self._limits = limits
        self._clock = clock
        self._code_ttl = code_ttl

    async def begin(
        self, parameters: Mapping[str, str], signed_in: Sequence[SignedIn], *, browser: str
    ) -> Outcome:
        """Answer a request, or return the page that it requires; raises `UntrustedRequestError`.

        `browser` is the secret identifier of the browser that sent the request.
        """
        request_id = await self._pending.name_in(browser, parameters)
        if request_id is not None:
            return await self.resume(await self.find(request_id), signed_in)
        source = None
        try:
            source = await self._request_sources.read(parameters, is_anonymous=not signed_in)
            request = await self._parse(source)
            position = await self._position(request, signed_in, stored=None)
            if position.step is None:
                return await self._answer(request, position, None, pushed=source.digest)
            if not signed_in:
                await self._limits.count_authorization_request()
            request_id = await self._pending.store(source, request, browser=browser)
            return Interaction(position.step, position, request_id, request.ui_locales)
        except RefusedRequestError as refused:
            return await self._refuse(refused, source, signed_in)

    async def store(
        self, parameters: Mapping[str, str], *, browser: str
    ) -> str | AuthorizationResponse:
        """Store a request for `resume` and return its name, or the response if it is refused."""
        request_id = await self._pending.name_in(browser, parameters)
        if request_id is not None:
            return request_id
        source = None
        try:
            source = await self._request_sources.read(parameters, is_anonymous=True)
            request = await self._parse(source)
            await self._limits.count_authorization_request()
            return await self._pending.store(source, request, browser=browser)
        except RefusedRequestError as refused:
            return await self._refuse(refused, source, ())

    async def resume(self, pending: Pending, signed_in: Sequence[SignedIn]) -> Outcome:
        """Continue a pending request after a page."""
        try:
            position = await self._position(pending.request, signed_in, stored=pending.stored)
        except RefusedRequestError as refused:
            await require_known_target(refused, signed_in, consents=self._consents)
            return await self._finish_with(refused, pending)
        return await self.go_on(pending, position)

    async def decide(
        self,
        pending: Pending,
        signed_in: Sequence[SignedIn],
        *,
        session_id: str,
        client_fingerprint: str,
        is_allowed: bool,
    ) -> Outcome:
        """Apply the user's decision on the consent page, which was shown for a session.

        The decision is valid only while the consent page is still required, for the same session,
        and while the client is still as the page showed it.
        """
        request, stored = pending.request, pending.stored
        try:
            position = await self._position(request, signed_in, stored=stored)
        except RefusedRequestError as refused:
            return await self._finish_with(refused, pending)
        current = position.signed_in
        if position.step is not InteractionKind.CONSENT or current is None:
            return await self.go_on(pending, position)
        is_as_shown = client_fingerprint == fingerprint_of(request.client)
        if current.session.session_id != session_id or (is_allowed and not is_as_shown):
            return _interaction(pending, InteractionKind.CONSENT, position)
        if not is_allowed:
            return await self._finish_with(request.refused(AccessDeniedError()), pending)
        if not await self._consents.grant(
            current.user,
            request.client,
            consent_scopes(request, position.scope),
            resources=request.granted,
            detail_types=types_in(request.details),
        ):
            # The account or the document was deleted: the consent page leads on, or says so.
            return _interaction(pending, InteractionKind.CONSENT, position)
        await self._authorization_request_repository.set_consent(stored.digest, session_id)
        return await self.go_on(pending, Position(None, current, position.scope))

    async def cancel(self, pending: Pending) -> AuthorizationResponse:
        """Refuse a pending request because the user went back without signing in."""
        return await self._finish_with(pending.request.refused(AccessDeniedError()), pending)

    async def turn_away(self, pending: Pending) -> AuthorizationResponse:
        """Refuse a pending request because the user may not use the client."""
        return await self._finish_with(pending.request.refused(UserNotAllowedError()), pending)

    async def find(self, request_id: str) -> Pending:
        """Return an unanswered pending request; raises `UntrustedRequestError`."""
        return await self._pending.find(request_id)

    async def position(self, pending: Pending, signed_in: Sequence[SignedIn]) -> Position:
        """Return the position of a pending request, so that a page can check if it is required."""
        return await self._interactions.position(pending.request, signed_in, stored=pending.stored)

    async def set_session(self, pending: Pending, session_id: str) -> Pending:
        """Store the session that was started, or the account that was chosen, for a request."""
        await self._authorization_request_repository.set_session(pending.stored.digest, session_id)
        return replace(pending, stored=replace(pending.stored, session_id=session_id))

    async def go_on(self, pending: Pending, position: Position) -> Outcome:
        """Return the interaction that a pending request requires at its position, or answer it."""
        if position.step is not None:
            return _interaction(pending, position.step, position)
        return await self._answer(pending.request, position, pending, pushed=pending.pushed)

    async def _parse(self, source: Source) -> AuthorizationRequest:
        request = await self._request_parser.parse(
            source.client, source.parameters, began_at=source.began_at
        )
        self._client_documents.policy.check_resources(request.client, request.resources)
        return request

    async def _position(
        self,
        request: AuthorizationRequest,
        signed_in: Sequence[SignedIn],
        *,
        stored: StoredRequest | None,
    ) -> Position:
        """Return the position of a request.

        Raises `RefusedRequestError`, also if an interaction is required but the client allows none.
        """
        try:
            position = await self._interactions.position(request, signed_in, stored=stored)
        except OAuth2Error as error:
            raise request.refused(error) from None
        if position.signed_in is not None and request.client.has_document:
            await self._client_documents.keep(request.client)
        if position.step is not None and "none" in request.prompts:
            reason = f"prompt=none, but the interaction {position.step.value} is required"
            raise request.refused(PROMPT_NONE_ERRORS[position.step](reason=reason))
        return position

    async def _refuse(
        self, refused: RefusedRequestError, source: Source | None, signed_in: Sequence[SignedIn]
    ) -> AuthorizationResponse:
        """Return the error response, and consume the pushed request: any response consumes it."""
        await self._pending.use(None, pushed=source.digest if source is not None else None)
        await require_known_target(refused, signed_in, consents=self._consents)
        return error_response(refused)

    async def _finish_with(
        self, refused: RefusedRequestError, pending: Pending
    ) -> AuthorizationResponse:
        await self._pending.use(pending, pushed=pending.pushed)
        return error_response(refused)

    async def _answer(
        self,
        request: AuthorizationRequest,
        position: Position,
        pending: Pending | None,
        *,
        pushed: bytes | None,
    ) -> AuthorizationResponse:
        """Issue a code, once per request.

        A pushed request yields one code, no matter how many browsers it is opened in.
        """
        signed_in = position.signed_in
        assert signed_in is not None  # noqa: S101 - no step is required, so a user is signed in
        now = self._clock.now()
        if not await self._pending.use(pending, pushed=pushed):
            raise complete((request.client, request.target.redirect_uri))
        code = new_token(TokenKind.AUTHORIZATION_CODE)
        authorization_code = AuthorizationCode(
            family_id=new_identifier(),
            client_id=request.client.client_id,
            user_id=signed_in.user.user_id,
            credentials_version=signed_in.session.credentials_version,
            session_id=signed_in.session.session_id,
            redirect_uri=request.parameters.get("redirect_uri", ""),
            scope=position.scope,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            claims=request.claims.text,
            auth_time=signed_in.session.auth_time,
            acr=acr_for(request, signed_in),
            amr=signed_in.session.amr,
            issued_at=now,
            expires_at=now + self._fapi.code_ttl(request.client, self._code_ttl),
            used_at=None,
            used_for=None,
            confirmation=confirmation_of(request.dpop_jkt),
            resources=request.granted.stored(),
            authorization_details=request.details,
        )
        await self._authorization_code_repository.store(digest_of(code), authorization_code)
        if request.client.has_document:
            await self._client_documents.note_grant(
                request.client, authorization_code.family_id, request.target.redirect_uri
            )
        return request.target.response({"code": code})


def _interaction(pending: Pending, step: InteractionKind, position: Position) -> Interaction:
    return Interaction(step, position, pending.request_id, pending.request.ui_locales)
