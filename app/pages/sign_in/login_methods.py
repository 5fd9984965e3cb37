"""The ways to sign in that the pages offer: those that the client accepts."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.models.accounts.sessions import PASSKEY, PASSWORD, provider_method
from app.models.clients.clients import Client
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.login_methods import accepted_methods, accepts_login_method
from app.pages.support import GoToError, InteractionRequest
from app.pages.support.continuation import DEVICE_PLACE
from app.pages.support.urls import LOGIN


@dataclass(frozen=True, slots=True)
class OfferedMethods:
    has_password: bool
    has_passkey: bool
    providers: Sequence[IdentityProvider]


async def offered_methods(request: InteractionRequest) -> OfferedMethods:
    """Return the ways to sign in that a page offers."""
    client = await client_of(request)
    providers = await request.services.federation.identity_providers.list_enabled()
    accepted = accepted_methods(client) if client is not None else None
    if accepted is None:
        return OfferedMethods(has_password=True, has_passkey=True, providers=providers)
    return OfferedMethods(
        has_password=PASSWORD in accepted,
        has_passkey=PASSKEY in accepted,
        providers=[each for each in providers if provider_method(each.name) in accepted],
    )


def require_accepted(request: InteractionRequest, method: str) -> None:
    """Show the sign-in page again if the client of a pending request does not accept a method.

    A device is not looked up here: its page checks the session anyway.
    """
    pending = request.pending
    if pending is not None and not accepts_login_method(pending.request.client, method):
        raise GoToError(request.link(LOGIN, told="method"))


async def client_of(request: InteractionRequest) -> Client | None:
    """Return the client of the pending request, or that of the device whose code was entered."""
    if request.pending is not None:
        return request.pending.request.client
    continuation = request.continuation
    if continuation.place != DEVICE_PLACE or not continuation.user_code:
        return None
    device_authorization = request.services.oauth.device_authorization
    code_and_client = await device_authorization.find(continuation.user_code)
    return code_and_client[1] if code_and_client is not None else None
