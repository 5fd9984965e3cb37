"""Pushed authorization requests (RFC 9126): the client submits its request in advance."""

import json
from collections.abc import Mapping
from typing import Any

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.authorization_requests import StoredRequest
from app.oauth.authorization.requests import (
    PARAMETERS,
    RefusedRequestError,
    RequestParser,
    UntrustedRequestError,
)
from app.oauth.authorization.sources import DOCUMENT, PUSHED, PUSHED_TTL, URN, RequestSources
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.client_documents.errors import DocumentError, UnwantedDocumentError
from app.oauth.descriptions import Description
from app.oauth.dpop.errors import InvalidDpopProofError
from app.oauth.dpop.proofs import DpopProof, DpopProofs, PresentedProof
from app.oauth.errors import InvalidClientError, InvalidRequestError, InvalidTargetError
from app.oauth.requests import FormRequest
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.schemas.tokens import PushedResponse
from app.security.document_urls import is_of_document
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.clients.fapi import FapiProfile
from app.services.operations.limits import Limits

PATH = "/par"


class PushedRequests:
    """Pushed requests. The `authenticator` is one that fetches the documents of clients."""

    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        client_documents: ClientDocuments,
        request_sources: RequestSources,
        request_parser: RequestParser,
        dpop_proofs: DpopProofs,
        authorization_request_repository: AuthorizationRequestRepository,
        fapi: FapiProfile,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self._client_documents = client_documents
        self._request_sources = request_sources
        self._request_parser = request_parser
        self._dpop_proofs = dpop_proofs
        self._authorization_request_repository = authorization_request_repository
        self._fapi = fapi
        self._limits = limits
        self._clock = clock

    async def respond(self, request: FormRequest) -> PushedResponse:
        """Check a request as `/authorize` does and store it; raises an `OAuth2Error`."""
        client = await self._authenticated(request)
        if "request_uri" in request.form:
            raise InvalidRequestError(Description.PUSHED_REQUEST_WITH_REQUEST_URI)
        submitted = {name: value for name, value in request.form.items() if name in PARAMETERS}
        submitted["client_id"] = client.identifier
        now = self._clock.now()
        proof = await self._proof_of(request, client)
        try:
            parameters = await self._request_sources.resolve(client, submitted)
            parameters = _bound_to(proof, parameters)
            parsed = await self._request_parser.parse(client, parameters, began_at=now)
            self._client_documents.policy.check_resources(client, parsed.resources)
        except RefusedRequestError as refused:
            raise refused.error from None
        except UnwantedDocumentError as refused:
            raise InvalidTargetError(refused.detail, reason=refused.reason) from None
        except UntrustedRequestError as refused:
            raise InvalidRequestError(refused.detail, reason=refused.reason) from None
        await self._limits.count_request_of(client.client_id, is_authenticated=not client.is_public)
        if proof is not None:
            await self._dpop_proofs.spend(proof, algorithms=None)
        return await self._store(client, parameters)

    async def _authenticated(self, request: FormRequest) -> Client:
        """Return the client of a request; its document may be fetched for it.

        Raises an `OAuth2Error` that says what is wrong with the document.
        """
        client_id = self._authenticator.presented_client_id(request)
        try:
            if is_of_document(client_id):
                await self._client_documents.policy.check_parameters(request.form)
            return await self._authenticator.authenticate(request)
        except UnwantedDocumentError as refused:
            raise InvalidTargetError(refused.detail, reason=refused.reason) from None
        except DocumentError as refused:
            raise InvalidClientError(
                refused.detail, status_code=400, reason=refused.reason
            ) from None

    async def _proof_of(self, request: FormRequest, client: Client) -> DpopProof | None:
        """Return the proof of a request, whose key the code is bound to (RFC 9449 section 10.1)."""
        if request.dpop is None:
            return None
        presented = PresentedProof(request.dpop, "POST", PATH)
        return await self._dpop_proofs.verify(
            presented,
            access_token=None,
            needs_nonce=client.requires_dpop_nonce,
            is_fapi=self._fapi.holds_for(client),
        )

    async def _store(self, client: Client, parameters: Mapping[str, str]) -> PushedResponse:
        name, now = new_token(TokenKind.REQUEST), self._clock.now()
        content: dict[str, Any] = dict(parameters)
        if (carried := self._client_documents.content_of(client)) is not None:
            content[DOCUMENT] = carried
        await self._authorization_request_repository.add(
            StoredRequest(
                digest=digest_of(name),
                kind=PUSHED,
                client_id=client.client_id,
                parameters=json.dumps(content, ensure_ascii=False),
                session_id=None,
                consent_session_id=None,
                created_at=now,
                expires_at=now + PUSHED_TTL,
                used_at=None,
            )
        )
        return PushedResponse(request_uri=URN + name, expires_in=int(PUSHED_TTL.total_seconds()))


def _bound_to(proof: DpopProof | None, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters with the key of the proof; raises `InvalidDpopProofError` for two."""
    if proof is None:
        return parameters
    if parameters.get("dpop_jkt", proof.jkt) != proof.jkt:
        raise InvalidDpopProofError(
            Description.DPOP_KEY_DIFFERS,
            algorithms=None,
            reason="the dpop_jkt is not the thumbprint of the key of the proof",
        )
    return {**parameters, "dpop_jkt": proof.jkt}
