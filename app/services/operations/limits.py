"""Rate limits on guessing, per account, network and client.

The limits are the same for names that exist and names that do not. The outcome of an attempt is
revealed only after it was counted, in one order for all workers: a hundred simultaneous guesses get
no more answers than a hundred consecutive ones. A successful attempt clears the account. Once the
free attempts of an account are used up, each network has its own back-off for it, which no stranger
can use up. After a hundred failures from networks that are unknown to the account, these networks
share one back-off. Known networks and trusted browsers have attempts of their own.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.models.accounts.users import User
from app.observability import request_context
from app.repositories.accounts.known_networks import KnownNetworkRepository, Way, is_lately_known
from app.security.limit_rules import Attempt, LimitStore
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.operations.limit_policy import Rules
from app.services.operations.request_limits import RequestLimits, of_networks
from app.services.operations.sign_in_attempts import (
    Attempts,
    after_password,
    attempts_at,
    elsewhere,
    in_place,
    place_of_browser,
    place_of_network,
)


@dataclass(frozen=True, slots=True)
class AttemptCheck:
    """What an attempt counts against, as known before it is made.

    `wait` is how many seconds it has to wait. `is_from_known_network` is whether its network was
    remembered recently and need not be stored again.
    """

    attempts: Attempts
    wait: float
    is_from_known_network: bool = False


class Limits(RequestLimits):
    """Rate limits, of guesses too; an attempt that has to wait is refused with
    `TooManyRequestsError`."""

    def __init__(
        self,
        *,
        store: LimitStore,
        known_network_repository: KnownNetworkRepository,
        trusted_browsers: TrustedBrowsers,
        clock: Clock,
        rules: Rules,
    ) -> None:
        super().__init__(store=store, clock=clock, rules=rules)
        self._known_network_repository = known_network_repository
        self._trusted_browsers = trusted_browsers

    async def check(self, attempt: AttemptCheck) -> None:
        """Refuse an attempt before expensive work if its outcome would not be revealed."""
        await self.refuse(attempt.attempts, attempt.wait)

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

    def _of_address(self) -> list[Attempt]:
        rules = self.rules
        return [*of_networks(rules.login_address), *of_networks(rules.login_address_day)]


def _owner_of(account: str, user: User | None) -> str:
    """Return the name under which failures are counted.

    This is the user ID, whichever name was entered, or the account name if there is no such user.
    """
    return user.user_id if user is not None else account
