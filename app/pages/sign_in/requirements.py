"""What a sign-in must have, by the policies of the user and of the client that it is for."""

from app.models.accounts.users import User
from app.pages.sign_in.login_methods import client_of
from app.pages.support import InteractionRequest
from app.services.accounts.second_factor_policies import Requirement


async def requirement_for(
    request: InteractionRequest, user: User, *, always_looks_up: bool
) -> Requirement:
    """Return what is required of a user who signs in, as `SecondFactorPolicies.requirement`."""
    return await request.services.accounts.second_factor_policies.requirement(
        user, await client_of(request), always_looks_up=always_looks_up
    )


def requirement_before_sign_in(request: InteractionRequest) -> Requirement:
    """Return what is known to be required while the user is not known."""
    client = request.pending.request.client if request.pending is not None else None
    return request.services.accounts.second_factor_policies.before_sign_in(client)
