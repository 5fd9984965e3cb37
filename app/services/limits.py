"""Limits on guessing: per account, address and client, the same for names that exist and do not.

Whether a try was right is told only after it was counted, in one order for all workers: of a
hundred guesses at once no more are answered than of a hundred in a row. A right one clears the
account. Once the free tries of an account are used up, each network has turns of its own there,
which no stranger can take. After a hundred failures from networks that the account does not know
these share one back-off. Known networks and trusted browsers have attempts of their own.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.clock import Clock
from app.errors import SharedDelayError, TooManyRequestsError
from app.models.users import User
from app.observability import origin
from app.repositories.known_addresses import KnownAddressRepository, Way, is_lately_known
from app.security.limit_rules import Rule, Try
from app.services.limit_policy import DAY, Rules, of_site
from app.services.remembered_browsers import RememberedBrowsers

MAXIMUM_NAME = 300
Tries = Sequence[Try]


class LimitStore(Protocol):
    """Where tries are counted."""

    async def wait(self, tries: Tries, *, now: datetime) -> float:
        """The seconds until a try may be made; counts nothing."""
        ...

    async def take(
        self,
        tries: Tries,
        *,
        now: datetime,
        is_right: bool,
        clears: bool,
        forgets: Tries = (),
    ) -> float:
        """Counts a try that was made; gives the seconds to wait, zero where its outcome may be
        told. A right one that `clears` has those forgotten whose rule says so, and `forgets`."""
        ...

    async def forget(self, tries: Tries, *, now: datetime) -> None:
        """Forgets what was counted for these; costs a look-up where nothing was."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt counts for, as known before it: `wait` is for how many seconds it has to
    wait, and `is_from_known_network` whether that network need not be remembered again."""

    tries: Tries
    wait: float
    is_from_known_network: bool = False


class Limits:
    """Whatever has to wait is refused with `TooManyRequestsError`."""

    def __init__(
        self,
        store: LimitStore,
        addresses: KnownAddressRepository,
        browsers: RememberedBrowsers,
        clock: Clock,
        rules: Rules,
    ) -> None:
        self._store = store
        self._addresses = addresses
        self._browsers = browsers
        self._clock = clock
        self.rules = rules

    async def check(self, attempt: Attempt) -> None:
        """Before what costs something: refuses where the outcome would not be told anyway."""
        await self._refuse(attempt.tries, attempt.wait)

    async def settle(
        self, tries: Tries, *, is_right: bool, clears: bool = True, forgets: Tries = ()
    ) -> None:
        """After a try and before its outcome is told. What is refused costs one look-up.

        A right one that `clears` has the failures of `forgets` forgotten.
        """
        now = self._clock.now()
        wait = await self._store.take(
            tries, now=now, is_right=is_right, clears=clears, forgets=forgets
        )
        await self._refuse(tries, wait)

    async def login_attempt(
        self, account: str, user: User | None, way: Way, *, with_code: bool = False
    ) -> Attempt:
        """What a password counts for. The account may be nobody's.

        A code that goes with it is guessed at too, so its failures count as both.
        """
        rules = self.rules
        first = [rules.login_with_code] if with_code else [rules.login, rules.login_day]
        here = f"{account} from {origin.network()}"
        shared = rules.shared if with_code else (rules.stranger_password,)
        return await self._attempt(
            user,
            (way,),
            lambda place: [Try(rule, f"{account} {place}") for rule in first],
            [
                *(Try(rule, account, turns=here) for rule in first),
                *(Try(rule, _owner_of(account, user)) for rule in shared),
                *self._of_address(),
            ],
        )

    async def remember_address(self, user: User, way: Way) -> bool:
        """Somebody signed in from here; True where he did so lately from elsewhere only."""
        return await self._addresses.remember(user, origin.network(), way, now=self._clock.now())

    def failures_of(self, user: User | None) -> Tries:
        """What unknown networks failed at, which is forgotten once this user has signed in."""
        if user is None:
            return ()
        return [Try(rule, _owner_of("", user)) for rule in self.rules.shared]

    async def forget_failures(self, user: User) -> None:
        """Forget what unknown networks failed at: this user has signed in."""
        await self._store.forget(self.failures_of(user), now=self._clock.now())

    async def code_attempt(self, user: User) -> Attempt:
        """What a code counts for, where the first factor was right: only the shared back-off also
        counts those who have no first factor."""
        account = f"with password {user.user_id}"
        here = f"{user.user_id} from {origin.network()}"
        return await self._attempt(
            user,
            (Way.PAGES,),
            lambda place: [Try(self.rules.code, f"{account} {place}")],
            [
                Try(self.rules.code, account, turns=here),
                Try(self.rules.stranger_code, _owner_of("", user)),
            ],
        )

    async def open_code_attempt(self, account: str, user: User | None) -> Attempt:
        """What a code counts for, where anybody may send one."""
        here = f"{account} from {origin.network()}"
        return await self._attempt(
            user,
            tuple(Way),
            lambda place: [Try(self.rules.code, f"{account} {place}")],
            [
                Try(self.rules.code, account, turns=here),
                Try(self.rules.stranger_code, _owner_of(account, user)),
                *self._of_address(),
            ],
        )

    async def _attempt(
        self,
        user: User | None,
        ways: Sequence[Way],
        in_place: Callable[[str], Tries],
        elsewhere: Tries,
    ) -> Attempt:
        """What counts, by whether the request comes from a known network or a trusted browser of
        the user, and how long it has to wait. All of it is asked for at once."""
        network, now = origin.network(), self._clock.now()
        here = in_place(f"from {network}")
        browser, wait_here, wait_elsewhere, known = await asyncio.gather(
            self._browsers.find(user, origin.browser_secrets()),
            self._store.wait(here, now=now),
            self._store.wait(elsewhere, now=now),
            self._addresses.known_until(user, network, ways, now=now),
        )
        if known:
            return Attempt(here, wait_here, is_lately_known(min(known), now=now))
        if browser is None:
            return Attempt(elsewhere, wait_elsewhere)
        in_browser = in_place(f"in {browser}")
        return Attempt(in_browser, await self._store.wait(in_browser, now=now))

    async def count_token_error(self, client_id: str) -> None:
        """After an error of a client; a right secret is never asked about."""
        of_client = _of_networks(self.rules.token_error, f" {client_id[:MAXIMUM_NAME]}")
        await self._count([*of_client, *_of_networks(self.rules.token_error_address)])

    async def count_passkey_error(self) -> None:
        """Nobody guesses a signature; nobody needs to have thousands verified and logged either."""
        await self._count(_of_networks(self.rules.passkey))

    async def settle_device_code(self, *, is_right: bool) -> None:
        await self.settle(_of_networks(self.rules.device), is_right=is_right)

    async def count_registration(self) -> None:
        """Count a user who signs up."""
        if self.rules.registration is not None:
            await self._count(_of_networks(self.rules.registration))

    async def count_client_registration(self) -> None:
        """Count a client that registers itself."""
        if self.rules.client_registration is not None:
            await self._count(_of_networks(self.rules.client_registration))

    async def count_authorization_request(self) -> None:
        """Count a request that an anonymous browser has us store, or fetch from elsewhere."""
        if self.rules.authorization_request is not None:
            await self._count(_of_networks(self.rules.authorization_request))

    async def count_request_of(self, client_id: str, *, is_authenticated: bool) -> None:
        """Count a request that a client has us store; anybody may be a public client."""
        if not is_authenticated:
            await self.count_authorization_request()
        elif self.rules.client_request is not None:
            await self._count([Try(self.rules.client_request, client_id)])

    async def count_admin_error(self) -> None:
        """After a token that is not the administrator's; the right one is never refused."""
        await self._count(_of_networks(self.rules.admin))

    async def count_mail(self, what: str) -> None:
        """Count a mail that somebody asks for; `what` is what they said, before any look-up."""
        await self._count([Try(self.rules.mail, what), *_of_networks(self.rules.mail_address)])

    async def count_verification(self, user_id: str, address: str) -> None:
        """Count a mail that asks an address whether it is this user's.

        Many accounts, each from a network of its own, could name the same mailbox.
        """
        by_user = Try(self.rules.mail, f"verification by {user_id}")
        to_address = Try(self.rules.mail_recipient, address)
        await self._count([by_user, to_address, *_of_networks(self.rules.mail_address)])

    async def may_be_mailed(self, account: str) -> bool:
        """Count a mail to an account; False where its limit is reached, silently."""
        return await self._is_counted(Try(self.rules.mail, f"to {account}"))

    async def once_a_day(self, what: str) -> bool:
        """Whether something that is told once a day has not been told yet."""
        return await self._is_counted(Try(Rule("told", 1, DAY), what))

    async def _is_counted(self, each: Try) -> bool:
        """Whether there was room for it; nobody is refused."""
        try:
            await self._count([each])
        except TooManyRequestsError:
            return False
        return True

    async def _count(self, tries: Tries) -> None:
        await self.settle(tries, is_right=False)

    async def _refuse(self, tries: Tries, wait: float) -> None:
        if wait <= 0:
            return
        rules = ", ".join(each.rule.name for each in tries)
        shared = [each for each in tries if each.rule in self.rules.shared]
        is_shared = shared and await self._store.wait(shared, now=self._clock.now()) > 0
        error = SharedDelayError if is_shared else TooManyRequestsError
        raise error(retry_after=math.ceil(wait), reason=f"a limit is reached: {rules}")

    def _of_address(self) -> list[Try]:
        rules = self.rules
        return [*_of_networks(rules.login_address), *_of_networks(rules.login_address_day)]


def _of_networks(rule: Rule, what: str = "") -> list[Try]:
    """Return what the caller's network counts for, and the IPv6 /48 around it."""
    tries = [Try(rule, origin.network() + what)]
    site = origin.site()
    return tries if site is None else [*tries, Try(of_site(rule), site + what)]


def _owner_of(account: str, user: User | None) -> str:
    """Whose failures they are, by whichever name somebody tries; nobody's are the name's."""
    return user.user_id if user is not None else account
