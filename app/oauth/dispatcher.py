"""Token endpoint (RFC 6749 section 3.2): find the grant, check the client, then exchange."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from app.models.clients.clients import Client
from app.oauth.access_policy import AccessRefusedError
from app.oauth.certificate_binding import require_certificate_of
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.descriptions import Description
from app.oauth.dpop.proofs import DpopProofs, PresentedProof
from app.oauth.errors import (
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from app.oauth.fapi import require_grant_of_profile
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.proven_keys import NO_KEYS, ProvenKeys
from app.oauth.requests import Form, FormRequest, ProvenClient, TokenRequest
from app.observability import request_context
from app.schemas.tokens import TokenResponse
from app.services.clients.fapi import FapiProfile
from app.services.operations.activity import ActivityCollector
from app.services.operations.limits import Limits

PATH = "/token"


class GrantDispatcher:
    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        grants: Sequence[Grant[Any]],
        dpop_proofs: DpopProofs,
        fapi: FapiProfile,
        limits: Limits,
        activity: ActivityCollector,
    ) -> None:
        self._authenticator = authenticator
        self._dpop_proofs = dpop_proofs
        self._fapi = fapi
        self._limits = limits
        self._activity = activity
        self._grants = {grant.grant_type: grant for grant in grants}

    async def respond(self, request: FormRequest) -> TokenResponse:
        """Issue tokens for a request; raises an `OAuth2Error`.

        Only failures that could be guesses count towards the rate limit.
        """
        grant = self._grant_for(request.form)
        if grant.can_prove_client:
            client, proven_by = await self._proven_client(request, grant)
        else:
            client, proven_by = await self._authenticator.authenticate(request), None
        if not grant.is_open_to(client):
            raise UnauthorizedClientError(
                Description.GRANT_TYPE_NOT_REGISTERED,
                reason=f"the client did not register the grant type {grant.grant_type}",
            )
        require_grant_of_profile(self._fapi, client, grant.grant_type)
        if not grant.is_for_public_clients and client.is_public:
            raise UnauthorizedClientError(
                Description.GRANT_TYPE_NOT_FOR_PUBLIC_CLIENTS,
                reason=f"a public client cannot use the grant type {grant.grant_type}",
            )
        parameters = _parse(grant.parameters, request.form)
        keys = NO_KEYS
        if (
            request.dpop is not None
            or request.certificate is not None
            or client.states_binding
            or self._fapi.holds_for(client)
        ):
            keys = await self._keys_of(request, client)
        try:
            response = await grant.exchange(TokenRequest(client, keys, proven_by), parameters)
        except AccessRefusedError:
            raise
        except InvalidGrantError:
            if not grant.has_limits_of_its_own:
                await self._limits.count_token_error(client.client_id)
            raise
        self._activity.token_issued(client.client_id)
        return response

    async def _keys_of(self, request: FormRequest, client: Client) -> ProvenKeys:
        """Return what the request proves; raises if the client must prove more."""
        require_certificate_of(client, request.certificate)
        proof = None
        if request.dpop is not None or self._fapi.requires_dpop(client):
            presented = PresentedProof(request.dpop, "POST", PATH)
            proof = await self._dpop_proofs.verify(
                presented,
                access_token=None,
                needs_nonce=client.requires_dpop_nonce,
                is_fapi=self._fapi.holds_for(client),
            )
        return ProvenKeys(proof, request.certificate)

    async def _proven_client(self, request: FormRequest, grant: Grant[Any]) -> ProvenClient:
        """Authenticate the client, or let the grant prove it if the request has no credentials."""
        if await self._authenticator.has_credentials(request):
            return ProvenClient(await self._authenticator.authenticate(request), None)
        client_id = self._authenticator.named_client_id(request)
        try:
            proven = await grant.prove_client(
                _parse(grant.parameters, request.form), client_id=client_id
            )
        except InvalidGrantError:
            await self._limits.count_token_error(client_id or grant.grant_type)
            raise
        request_context.name_client(proven.client.client_id)
        return proven

    def _grant_for(self, form: Form) -> Grant[Any]:
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise InvalidRequestError(Description.PARAMETER_MISSING.format(name="grant_type"))
        grant = self._grants.get(grant_type)
        if grant is None:
            raise UnsupportedGrantTypeError(reason=f"the grant_type is {grant_type}")
        return grant


def _parse(schema: type[GrantParameters], form: Form) -> GrantParameters:
    """Parse the parameters of a grant; unknown ones are ignored (section 3.2)."""
    try:
        return schema.model_validate(form)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        is_missing = problem["type"] == "missing"
        text = Description.PARAMETER_MISSING if is_missing else Description.PARAMETER_MALFORMED
        raise InvalidRequestError(text.format(name=problem["loc"][0])) from None
