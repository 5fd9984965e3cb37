"""Access policies: which users may use a client.

They are evaluated at every authorization, when a code is redeemed, in the password and device
grants, and at every refresh. Access tokens that were issued already are valid until they expire.
"""

from app.models.clients.clients import Client
from app.oauth.errors import InvalidGrantError
from app.schemas.client_policies import AccessPolicy
from app.services.accounts.entitlements import LazyEntitlements


async def may_use(client: Client, user: LazyEntitlements) -> bool:
    """Return whether a user may use a client; looked up only for a policy by groups."""
    if client.policies is None:
        return True
    policies = client.policies_in_force
    if policies is None or policies.access.kind == "nobody":
        return policies is None
    is_by_group = policies.access.kind == "groups"
    if not is_by_group and not policies.require_verified_email:
        return True
    entitlements = await user.get()
    if policies.require_verified_email and not entitlements.has_verified_email:
        return False
    return not is_by_group or not entitlements.group_ids.isdisjoint(policies.access.groups)


def may_be_used_by_new_user(client: Client, *, has_verified_email: bool) -> bool:
    """Return whether a user who is about to be created, and is in no group, may use a client."""
    policies = client.policies_in_force
    if policies is None:
        return True
    is_verified_enough = has_verified_email or not policies.require_verified_email
    return policies.access.kind == "everyone" and is_verified_enough


async def is_within(access: AccessPolicy, user: LazyEntitlements) -> bool:
    """Return whether a user is among those of an access policy."""
    if access.kind != "groups":
        return access.kind == "everyone"
    return not (await user.get()).group_ids.isdisjoint(access.groups)


REFUSED = "the access policy of the client does not allow this user"


class AccessRefusedError(InvalidGrantError):
    """`invalid_grant` because of the access policy of the client.

    The answer is that of every other invalid grant. It is not a guess, so that users who lose their
    access do not slow their client down.
    """

    def __init__(self, description: str) -> None:
        super().__init__(description, reason=REFUSED)
