"""Limits on guessing: per account, address and client, the same for names that exist and do not.

Whether a try was right is told only after it was counted, in one order for all workers: of a
hundred guesses at once no more are answered than of a hundred in a row. A right one clears the
account. Once the free tries of an account are used up, each network has turns of its own there,
which no stranger can take; and who signs in from where he did before has free tries of his own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.clock import Clock
from app.errors import TooManyRequestsError
from app.models.users import User
from app.observability import origin
from app.observability.logging import logger
from app.repositories.known_addresses import KnownAddressRepository, Way
from app.security.limit_rules import Rule, Try

log = logger(__name__)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SOME, MANY = 5 * MINUTE, 15 * MINUTE
MAXIMUM_NAME = 300
Tries = Sequence[Try]


class LimitStore(Protocol):
    """Where tries are counted."""

    async def wait(self, tries: Tries, *, now: datetime) -> float:
        """The seconds until a try may be made; counts nothing."""
        ...

    async def take(self, tries: Tries, *, now: datetime, is_right: bool, clears: bool) -> float:
        """Counts a try that was made; gives the seconds to wait, zero where its outcome may be
        told. A right one that `clears` has those forgotten whose rule says so."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator set; see `docs/settings.md`."""

    login: Rule
    login_day: Rule
    login_with_code: Rule
    login_address: Rule
    login_address_day: Rule
    code: Rule
    token_error: Rule
    token_error_address: Rule
    registration: Rule | None
    mail: Rule
    mail_address: Rule
    device: Rule
    passkey: Rule
    admin: Rule

    @classmethod
    def of(
        cls, *, login: int, login_address: int, code: int, token_error: int, registration: int
    ) -> "Rules":
        """Wrong codes are forgotten only after a day without any: there are few of them."""
        code_delay = MINUTE / code
        return cls(
            login=_cleared("login", login, MINUTE, MINUTE / login, MANY),
            login_day=_cleared("login in a day", 10 * login, DAY, MINUTE, MANY, DAY),
            login_with_code=_cleared("login", min(login, code), DAY, code_delay, HOUR, DAY),
            login_address=Rule("address", login_address, MINUTE, MINUTE / login_address, SOME),
            login_address_day=Rule("address in a day", 100 * login_address, DAY, MINUTE, SOME, DAY),
            code=_cleared("code", code, DAY, code_delay, HOUR, DAY),
            token_error=Rule("token error", token_error, MINUTE),
            token_error_address=Rule("token error of an address", 10 * token_error, MINUTE),
            registration=Rule("registration", registration, HOUR) if registration else None,
            mail=Rule("mail", 3, HOUR),
            mail_address=Rule("mail of an address", 20, HOUR),
            device=Rule("device", 20, MINUTE, MINUTE / 20, SOME),
            passkey=Rule("passkey", 60, MINUTE),
            admin=Rule("admin", 60, MINUTE),
        )


class Limits:
    """Whatever has to wait is refused with `TooManyRequestsError`."""

    def __init__(
        self, store: LimitStore, addresses: KnownAddressRepository, clock: Clock, rules: Rules
    ) -> None:
        self._store = store
        self._addresses = addresses
        self._clock = clock
        self.rules = rules

    async def check(self, tries: Tries) -> None:
        """Before what costs something: refuses where the outcome would not be told anyway."""
        _refuse(tries, await self._store.wait(tries, now=self._clock.now()))

    async def settle(self, tries: Tries, *, is_right: bool, clears: bool = True) -> None:
        """After a try and before its outcome is told. What is refused costs one look-up."""
        await self.check(tries)
        now = self._clock.now()
        wait = await self._store.take(tries, now=now, is_right=is_right, clears=clears)
        _refuse(tries, wait)

    async def login_tries(
        self, account: str, user: User | None, way: Way, *, with_code: bool = False
    ) -> Tries:
        """What a password counts for. The account may be nobody's."""
        rules = self.rules
        first = [rules.login_with_code] if with_code else [rules.login, rules.login_day]
        network = origin.network()
        here = f"{account} from {network}"
        now = self._clock.now()
        if await self._addresses.is_known(user, network, way, now=now):
            return [Try(rule, here) for rule in first]
        return [*(Try(rule, account, turns=here) for rule in first), *self._of_address()]

    async def remember_address(self, user: User, way: Way) -> bool:
        """Somebody signed in from here; True where he did so lately from elsewhere only."""
        return await self._addresses.remember(user, origin.network(), way, now=self._clock.now())

    def code_tries(self, user_id: str) -> Tries:
        """What a code counts for, where the first factor was right: no stranger adds to it."""
        here = f"{user_id} from {origin.network()}"
        return [Try(self.rules.code, f"with password {user_id}", turns=here)]

    def open_code_tries(self, account: str) -> Tries:
        """What a code counts for, where anybody may send one."""
        here = f"{account} from {origin.network()}"
        return [Try(self.rules.code, account, turns=here), *self._of_address()]

    async def count_token_error(self, client_id: str) -> None:
        """After an error of a client; a right secret is never asked about."""
        network = origin.network()
        await self._count(Try(self.rules.token_error, f"{network} {client_id[:MAXIMUM_NAME]}"))
        await self._count(Try(self.rules.token_error_address, network))

    async def count_passkey_error(self) -> None:
        """Nobody guesses a signature; nobody needs to have thousands verified and logged either."""
        await self._count(Try(self.rules.passkey, origin.network()))

    async def settle_device_code(self, *, is_right: bool) -> None:
        await self.settle([Try(self.rules.device, origin.network())], is_right=is_right)

    async def count_registration(self) -> None:
        if self.rules.registration is not None:
            await self._count(Try(self.rules.registration, origin.network()))

    async def count_admin_error(self) -> None:
        """After a token that is not the administrator's; the right one is never refused."""
        await self._count(Try(self.rules.admin, origin.network()))

    async def count_mail(self, account: str) -> None:
        """Somebody has a mail sent to an account, which may be nobody's."""
        await self._count(Try(self.rules.mail, account))
        await self._count(Try(self.rules.mail_address, origin.network()))

    async def once_a_day(self, what: str) -> bool:
        """Whether something that is told once a day has not been told yet."""
        try:
            await self._count(Try(Rule("told", 1, DAY), what))
        except TooManyRequestsError:
            return False
        return True

    async def _count(self, each: Try) -> None:
        await self.settle([each], is_right=False)

    def _of_address(self) -> list[Try]:
        network = origin.network()
        return [Try(self.rules.login_address, network), Try(self.rules.login_address_day, network)]


def _cleared(
    name: str, free: int, window: float, shortest: float, longest: float, memory: float = HOUR
) -> Rule:
    return Rule(name, free, window, shortest, longest, memory, is_cleared_by_success=True)


def _refuse(tries: Tries, wait: float) -> None:
    if wait > 0:
        log.info("a limit refuses: %s", ", ".join(each.rule.name for each in tries))
        raise TooManyRequestsError(retry_after=math.ceil(wait))
