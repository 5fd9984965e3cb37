"""Rate limits on requests that are counted by themselves, such as registrations and mails.

Those on guessing are in `app.services.operations.limits`.
"""

import math

from app.clock import Clock
from app.errors import SharedDelayError, TooManyRequestsError
from app.observability import request_context
from app.security.limit_rules import Attempt, AttemptOutcome, LimitStore, Rule
from app.services.operations.limit_policy import DAY, Rules, of_site
from app.services.operations.sign_in_attempts import Attempts

MAXIMUM_NAME = 300


class RequestLimits:
    """Rate limits; a request that has to wait is refused with `TooManyRequestsError`."""

    def __init__(self, *, store: LimitStore, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self.rules = rules

    async def settle(
        self, attempts: Attempts, *, is_right: bool, clears: bool = True, forgets: Attempts = ()
    ) -> None:
        """Count an attempt before its outcome is revealed. A refused attempt costs one look-up.

        A successful attempt that `clears` also resets the failures of `forgets`.
        """
        outcome = AttemptOutcome(
            attempts=attempts,
            now=self._clock.now(),
            is_right=is_right,
            clears=clears,
            forgets=forgets,
        )
        await self.refuse(attempts, await self._store.take(outcome))

    async def count_token_error(self, client_id: str) -> None:
        """Count an error of a client; a request with the correct secret is never checked."""
        of_client = of_networks(self.rules.token_error, f" {client_id[:MAXIMUM_NAME]}")
        await self._count([*of_client, *of_networks(self.rules.token_error_address)])

    async def count_passkey_error(self) -> None:
        """Count a refused passkey; not against guessing, but to bound verification and logging."""
        await self._count(of_networks(self.rules.passkey))

    async def settle_device_code(self, *, is_right: bool) -> None:
        await self.settle(of_networks(self.rules.device), is_right=is_right)

    async def count_registration(self) -> None:
        """Count the registration of a user."""
        if self.rules.registration is not None:
            await self._count(of_networks(self.rules.registration))

    async def count_client_registration(self) -> None:
        """Count a client that registers itself."""
        if self.rules.client_registration is not None:
            await self._count(of_networks(self.rules.client_registration))

    async def count_authorization_request(self) -> None:
        """Count a request of an anonymous browser that stores a row or fetches a URL."""
        if self.rules.authorization_request is not None:
            await self._count(of_networks(self.rules.authorization_request))

    async def count_request_of(self, client_id: str, *, is_authenticated: bool) -> None:
        """Count a request that is stored for a client; anyone can be a public client."""
        if not is_authenticated:
            await self.count_authorization_request()
        elif self.rules.client_request is not None:
            await self._count([Attempt(self.rules.client_request, client_id)])

    async def count_document(self, host: str, *, is_known: bool) -> None:
        """Count a fetch of a client's document.

        The budget is that of the caller's network for the host: one network keeps no other from
        signing in. Known documents have a budget of their own.
        """
        if is_known:
            await self._count(of_networks(self.rules.known_document, f" {host}"))
            return
        of_host = of_networks(self.rules.new_document, f" {host}")
        await self._count([*of_host, *of_networks(self.rules.new_documents)])

    async def count_admin_error(self) -> None:
        """Count a wrong administrator token; the correct one is never refused."""
        await self._count(of_networks(self.rules.admin))

    async def count_admin_request(self, caller: str) -> None:
        """Count a request to the admin API."""
        await self._count([Attempt(self.rules.admin_request, caller)])

    async def count_mail(self, what: str) -> None:
        """Count an email that is requested; `what` is the text entered, before any look-up."""
        await self._count([Attempt(self.rules.mail, what), *of_networks(self.rules.mail_address)])

    async def count_verification(self, user_id: str, address: str) -> None:
        """Count an email that asks a user to verify an address.

        Many accounts, each on a network of its own, could name the same mailbox.
        """
        by_user = Attempt(self.rules.mail, f"verification by {user_id}")
        to_address = Attempt(self.rules.mail_recipient, address)
        await self._count([by_user, to_address, *of_networks(self.rules.mail_address)])

    async def may_be_mailed(self, account: str) -> bool:
        """Count an email to an account; return False if its limit is reached, without an error."""
        return await self._is_counted(Attempt(self.rules.mail, f"to {account}"))

    async def once_a_day(self, what: str) -> bool:
        """Return whether something that is reported once a day is still to be reported."""
        return await self._is_counted(Attempt(Rule("told", 1, DAY), what))

    async def _is_counted(self, each: Attempt) -> bool:
        """Count an attempt; return False instead of raising if the limit is reached."""
        try:
            await self._count([each])
        except TooManyRequestsError:
            return False
        return True

    async def _count(self, attempts: Attempts) -> None:
        await self.settle(attempts, is_right=False)

    async def refuse(self, attempts: Attempts, wait: float) -> None:
        """Raise `TooManyRequestsError` if the attempts have to wait for some seconds."""
        if wait <= 0:
            return
        rules = ", ".join(attempt.rule.name for attempt in attempts)
        shared = [attempt for attempt in attempts if attempt.rule in self.rules.shared]
        is_shared = shared and await self._store.wait(shared, now=self._clock.now()) > 0
        error = SharedDelayError if is_shared else TooManyRequestsError
        raise error(retry_after=math.ceil(wait), reason=f"rate limit reached: {rules}")


def of_networks(rule: Rule, what: str = "") -> list[Attempt]:
    """Return the attempts for the caller's network and, if any, the IPv6 /48 around it."""
    attempts = [Attempt(rule, request_context.network() + what)]
    site = request_context.site()
    return attempts if site is None else [*attempts, Attempt(of_site(rule), site + what)]
