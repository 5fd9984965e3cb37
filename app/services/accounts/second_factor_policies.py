"""Policies for the second factor: what a sign-in must have, and whether a session has it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.repositories.accounts.groups import GroupRepository
from app.schemas.client_policies import SecondFactorPolicy
from app.security.passwords import has_password
from app.services.accounts.entitlements import (
    Entitlements,
    EntitlementService,
    LazyEntitlements,
)
from app.services.accounts.sessions import ACR_MFA, AMR_PASSWORD, SignedIn

STRICTNESS: tuple[SecondFactorPolicy, ...] = ("optional", "required", "passkey_first")
"""The policies, the least strict first. `passkey_first` requires as much as `required`, and also
says which factor is offered first."""
REMEMBERED_FOR = timedelta(seconds=5)
"""For how long a worker remembers whether any group has a policy."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a sign-in must have.

    `accepts_substitutes` is True unless a group, a client or a role requires the factor itself. The
    general policy also accepts a trusted browser, or the sign-in at an identity provider of a user
    who has no factor here.
    """

    policy: SecondFactorPolicy
    accepts_substitutes: bool

    @property
    def is_required(self) -> bool:
        return self.policy != "optional"

    @property
    def offers_passkey_first(self) -> bool:
        return self.policy == "passkey_first"

    def forbids_having_none(self, user: User) -> bool:
        """Return whether the user must keep their last second factor.

        A user without a password signs in with a passkey or at an identity provider.
        """
        has_substitute = self.accepts_substitutes and not has_password(user.password_hash)
        return self.is_required and not has_substitute

    def is_met_by(self, signed_in: SignedIn) -> bool:
        """Return whether a session has what is required.

        A password alone meets the general policy in a trusted browser only, and a user without an
        authenticator app has none.
        """
        session, user = signed_in
        if not self.is_required or session.acr == ACR_MFA:
            return True
        return self.accepts_substitutes and (session.amr != AMR_PASSWORD or user.has_confirmed_otp)


def requirement_of(
    general: SecondFactorPolicy,
    *,
    groups: Collection[SecondFactorPolicy],
    client: SecondFactorPolicy | None,
    is_privileged: bool,
) -> Requirement:
    """Return what the policies require together.

    The strictest policy of the user's groups replaces the general one. The policy of the client
    only makes it stricter. Administrators and auditors are `is_privileged`: they always need a
    second factor.
    """
    stated: list[SecondFactorPolicy] = [strictest(groups)] if groups else []
    if client is not None:
        stated.append(client)
    if is_privileged:
        stated.append("required")
    of_user = strictest(groups) if groups else general
    return Requirement(
        policy=strictest([of_user, *stated]),
        accepts_substitutes=not any(policy != "optional" for policy in stated),
    )


def strictest(policies: Collection[SecondFactorPolicy]) -> SecondFactorPolicy:
    return max(policies, key=STRICTNESS.index)


def client_policy(client: Client | None) -> SecondFactorPolicy | None:
    """Return the policy that a client states itself, or None."""
    policies = client.policies_in_force if client is not None else None
    return policies.second_factor if policies is not None else None


class SecondFactorPolicies:
    """The policies in force. `general` is that of the server.

    The groups and roles of a user are looked up only if they can make a difference: at a sign-in if
    the general policy is `optional` or any group has a policy, and for a session that has no second
    factor.
    """

    def __init__(
        self,
        *,
        group_repository: GroupRepository,
        entitlements: EntitlementService,
        clock: Clock,
        general: SecondFactorPolicy,
    ) -> None:
        self._group_repository = group_repository
        self._entitlements = entitlements
        self._clock = clock
        self._general = general
        self._any_group_has_one = False
        self._asked_at: datetime | None = None

    def before_sign_in(self, client: Client | None) -> Requirement:
        """Return what is known to be required of a user who has not said who they are."""
        return requirement_of(
            self._general, groups=(), client=client_policy(client), is_privileged=False
        )

    async def requirement(
        self, user: User, client: Client | None, *, always_looks_up: bool
    ) -> Requirement:
        """Return what is required of a user, at a client or at this server itself.

        Set `always_looks_up` to decide whether a substitute is accepted, which also depends on the
        roles of the user under a general policy that requires the factor.
        """
        if not (always_looks_up or await self._depends_on_user()):
            return self.before_sign_in(client)
        return self._requirement_of(await self._entitlements.of(user.user_id), client)

    async def is_met(self, signed_in: SignedIn, client: Client, *, user: LazyEntitlements) -> bool:
        """Return whether a session has what is required of its user at a client.

        `user` is looked up only for a session without a second factor: its user may have become an
        administrator or auditor after a sign-in that needed none.
        """
        if signed_in.session.acr == ACR_MFA:
            return True
        return self._requirement_of(await user.get(), client).is_met_by(signed_in)

    def forget(self) -> None:
        """Ask again whether any group has a policy, because a group has changed."""
        self._asked_at = None

    def _requirement_of(self, user: Entitlements, client: Client | None) -> Requirement:
        return requirement_of(
            self._general,
            groups=user.second_factor_policies,
            client=client_policy(client),
            is_privileged=user.is_administrator or user.is_auditor,
        )

    async def _depends_on_user(self) -> bool:
        if self._general == "optional":
            return True
        now, asked_at = self._clock.now(), self._asked_at
        if asked_at is None or not timedelta(0) <= now - asked_at < REMEMBERED_FOR:
            self._any_group_has_one = await self._group_repository.any_has_second_factor()
            self._asked_at = now
        return self._any_group_has_one
