"""Rate limits on guessing, per account, network and client.

The limits are the same for names that exist and names that do not. The outcome of an attempt is
revealed only after it was counted, in one order for all workers: a hundred simultaneous guesses get
no more answers than a hundred consecutive ones. A successful attempt clears the account. Once the
free attempts of an account are used up, each network has its own back-off for it, which no stranger
can use up. After a hundred failures from networks that are unknown to the account, these networks
share one back-off. Known networks and trusted browsers have attempts of their own.
"""

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.errors import SharedDelayError, TooManyRequestsError
from app.models.accounts.users import User
from app.observability import request_context
from app.repositories.accounts.known_networks import KnownNetworkRepository, Way, is_lately_known
from app.security.limit_rules import Attempt, AttemptOutcome, LimitStore, Rule
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.operations.limit_policy import DAY, Rules, of_site
from app.services.operations.sign_in_attempts import (
    Attempts,
    after_password,
    attempts_at,
    elsewhere,
    in_place,
    place_of_browser,
    place_of_network,
)

MAXIMUM_NAME = 300


@dataclass(frozen=True, slots=True)
class AttemptCheck:
    """What an attempt counts against, as known before it is made.

    `wait` is how many seconds it has to wait. `is_from_known_network` is whether its network was
    remembered recently and need not be stored again.
    """

    attempts: Attempts
    wait: float
    is_from_known_network: bool = False


class Limits:
    """Rate limits; an attempt that has to wait is refused with `TooManyRequestsError`."""

    def __init__(
        self,
        *,
        store: LimitStore,
        known_network_repository: KnownNetworkRepository,
        trusted_browsers: TrustedBrowsers,
        clock: Clock,
        rules: Rules,
    ) -> None:
        self._store = store
        self._known_network_repository = known_network_repository
        self._trusted_browsers = trusted_browsers
        self._clock = clock
        self.rules = rules

    async def check(self, attempt: AttemptCheck) -> None:
        """Refuse an attempt before expensive work if its outcome would not be revealed."""
        await self._refuse(attempt.attempts, attempt.wait)

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
        await self._refuse(attempts, await self._store.take(outcome))

    async def login_attempt(
        self, account: str, user: User | None, way: Way, *, with_code: bool = False
    ) -> AttemptCheck:
        """Return what a password attempt counts against. The account may not exist.

        A code sent with the password can be guessed too, so its failures count as both.
        """
        rules = self.rules
        guess_rules = [rules.login_with_code] if with_code else [rules.login, rules.login_day]
        network = request_context.network()
        shared = rules.shared if with_code else (rules.stranger_password,)
        return await self._attempt(
            user,
            (way,),
            lambda place: in_place(guess_rules, account, place),
            [
                *elsewhere(guess_rules, account, owner=account, network=network),
                *(Attempt(rule, _owner_of(account, user)) for rule in shared),
                *self._of_address(),
            ],
        )

    async def remember_address(self, user: User, way: Way) -> bool:
        """Remember the network of this request as known for a user who signed in.

        Return True if it is new and the user recently signed in from other networks.
        """
        return await self._known_network_repository.remember(
            user, request_context.network(), way, now=self._clock.now()
        )

    def failures_of(self, user: User | None) -> Attempts:
        """Return the failures from unknown networks, to be reset once this user has signed in."""
        if user is None:
            return ()
        return [Attempt(rule, _owner_of("", user)) for rule in self.rules.shared]

    async def forget_failures(self, user: User) -> None:
        """Reset the failures from unknown networks, since this user has signed in."""
        await self._store.forget(self.failures_of(user), now=self._clock.now())

    async def delay_of(
        self, user: User, *, networks: Collection[str], browsers: Collection[str]
    ) -> float:
        """Return for how many seconds an attempt at an account from these places has to wait."""
        attempts = attempts_at(user, self.rules, networks=networks, browsers=browsers)
        return await self._store.wait(attempts, now=self._clock.now())

    async def unlock(
        self, user: User, *, networks: Collection[str], browsers: Collection[str]
    ) -> None:
        """Reset the failures of an account, and its delays for these networks and browsers."""
        attempts = attempts_at(user, self.rules, networks=networks, browsers=browsers)
        await self._store.forget(attempts, now=self._clock.now())

    async def code_attempt(self, user: User) -> AttemptCheck:
        """Return what a code counts against after a correct first factor.

        Only the shared back-off also counts attempts without a first factor.
        """
        account, rules = after_password(user), (self.rules.code,)
        network = request_context.network()
        return await self._attempt(
            user,
            (Way.PAGES,),
            lambda place: in_place(rules, account, place),
            [
                *elsewhere(rules, account, owner=user.user_id, network=network),
                Attempt(self.rules.stranger_code, _owner_of("", user)),
            ],
        )

    async def open_code_attempt(self, account: str, user: User | None) -> AttemptCheck:
        """Return what a code counts against if it can be sent by anyone."""
        rules, network = (self.rules.code,), request_context.network()
        return await self._attempt(
            user,
            tuple(Way),
            lambda place: in_place(rules, account, place),
            [
                *elsewhere(rules, account, owner=account, network=network),
                Attempt(self.rules.stranger_code, _owner_of(account, user)),
                *self._of_address(),
            ],
        )

    async def _attempt(
        self,
        user: User | None,
        ways: Sequence[Way],
        in_known: Callable[[str], Attempts],
        in_unknown: Attempts,
    ) -> AttemptCheck:
        """Return what an attempt counts against, and how long it has to wait.

        This depends on whether it comes from a known network or a trusted browser of the user. All
        look-ups run at once.
        """
        network, now = request_context.network(), self._clock.now()
        network_attempts = in_known(place_of_network(network))
        browser, network_wait, other_wait, known = await asyncio.gather(
            self._trusted_browsers.find(user, request_context.browser_secrets()),
            self._store.wait(network_attempts, now=now),
            self._store.wait(in_unknown, now=now),
            self._known_network_repository.known_until(user, network, ways, now=now),
        )
        if known:
            return AttemptCheck(
                network_attempts, network_wait, is_lately_known(min(known), now=now)
            )
        if browser is None:
            return AttemptCheck(in_unknown, other_wait)
        browser_attempts = in_known(place_of_browser(browser))
        return AttemptCheck(browser_attempts, await self._store.wait(browser_attempts, now=now))

    async def count_token_error(self, client_id: str) -> None:
        """Count an error of a client; a request with the correct secret is never checked."""
        of_client = _of_networks(self.rules.token_error, f" {client_id[:MAXIMUM_NAME]}")
        await self._count([*of_client, *_of_networks(self.rules.token_error_address)])

    async def count_passkey_error(self) -> None:
        """Count a refused passkey; not against guessing, but to bound verification and logging."""
        await self._count(_of_networks(self.rules.passkey))

    async def settle_device_code(self, *, is_right: bool) -> None:
        await self.settle(_of_networks(self.rules.device), is_right=is_right)

    async def count_registration(self) -> None:
        """Count the registration of a user."""
        if self.rules.registration is not None:
            await self._count(_of_networks(self.rules.registration))

    async def count_client_registration(self) -> None:
        """Count a client that registers itself."""
        if self.rules.client_registration is not None:
            await self._count(_of_networks(self.rules.client_registration))

    async def count_authorization_request(self) -> None:
        """Count a request of an anonymous browser that stores a row or fetches a URL."""
        if self.rules.authorization_request is not None:
            await self._count(_of_networks(self.rules.authorization_request))

    async def count_request_of(self, client_id: str, *, is_authenticated: bool) -> None:
        """Count a request that is stored for a client; anyone can be a public client."""
        if not is_authenticated:
            await self.count_authorization_request()
        elif self.rules.client_request is not None:
            await self._count([Attempt(self.rules.client_request, client_id)])

    async def count_admin_error(self) -> None:
        """Count a wrong administrator token; the correct one is never refused."""
        await self._count(_of_networks(self.rules.admin))

    async def count_admin_request(self, caller: str) -> None:
        """Count a request to the admin API."""
        await self._count([Attempt(self.rules.admin_request, caller)])

    async def count_mail(self, what: str) -> None:
        """Count an email that is requested; `what` is the text entered, before any look-up."""
        await self._count([Attempt(self.rules.mail, what), *_of_networks(self.rules.mail_address)])

    async def count_verification(self, user_id: str, address: str) -> None:
        """Count an email that asks a user to verify an address.

        Many accounts, each on a network of its own, could name the same mailbox.
        """
        by_user = Attempt(self.rules.mail, f"verification by {user_id}")
        to_address = Attempt(self.rules.mail_recipient, address)
        await self._count([by_user, to_address, *_of_networks(self.rules.mail_address)])

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

    async def _refuse(self, attempts: Attempts, wait: float) -> None:
        if wait <= 0:
            return
        rules = ", ".join(attempt.rule.name for attempt in attempts)
        shared = [attempt for attempt in attempts if attempt.rule in self.rules.shared]
        is_shared = shared and await self._store.wait(shared, now=self._clock.now()) > 0
        error = SharedDelayError if is_shared else TooManyRequestsError
        raise error(retry_after=math.ceil(wait), reason=f"rate limit reached: {rules}")

    def _of_address(self) -> list[Attempt]:
        rules = self.rules
        return [*_of_networks(rules.login_address), *_of_networks(rules.login_address_day)]


def _of_networks(rule: Rule, what: str = "") -> list[Attempt]:
    """Return the attempts for the caller's network and, if any, the IPv6 /48 around it."""
    attempts = [Attempt(rule, request_context.network() + what)]
    site = request_context.site()
    return attempts if site is None else [*attempts, Attempt(of_site(rule), site + what)]


def _owner_of(account: str, user: User | None) -> str:
    """Return the name under which failures are counted.

    This is the user ID, whichever name was entered, or the account name if there is no such user.
    """
    return user.user_id if user is not None else account
