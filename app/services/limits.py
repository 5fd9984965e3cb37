"""Limits on guessing: per account, address and client, the same for names that exist and do not.

A try is counted before it is made, and taken back where it was right. Who signs in from where he
did before has a count of his own there, so that a stranger elsewhere does not slow him down.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.clock import Clock
from app.errors import TooManyRequestsError
from app.observability import origin
from app.observability.logging import logger
from app.repositories.known_addresses import KnownAddressRepository
from app.security.limit_rules import Rule
from app.services.keeping import Kept

log = logger(__name__)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
Tries = Sequence[tuple[Rule, str]]
REMEMBERED_BLOCKS = 10_000


class LimitStore(Protocol):
    """Where tries are counted."""

    async def take(self, tries: Tries, *, now: datetime) -> float:
        """Counts a try under each rule and key; gives the seconds to wait, zero for none."""
        ...

    async def forgive(self, *, cleared: Tries, returned: Tries, now: datetime) -> None:
        """Forgets some keys, and takes one try back from others."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator set; see `docs/settings.md`."""

    login: Rule
    login_address: Rule
    code: Rule
    token_error: Rule
    token_error_address: Rule
    registration: Rule | None
    mail: Rule
    mail_address: Rule
    device: Rule
    admin: Rule

    @classmethod
    def of(
        cls, *, login: int, login_address: int, code: int, token_error: int, registration: int
    ) -> "Rules":
        return cls(
            login=Rule("login", login, MINUTE, longest_delay=15 * MINUTE),
            login_address=Rule("login address", login_address, MINUTE, longest_delay=5 * MINUTE),
            code=Rule("code", code, MINUTE, longest_delay=HOUR, memory=DAY),
            token_error=Rule("token error", token_error, MINUTE),
            token_error_address=Rule("token error address", 10 * token_error, MINUTE),
            registration=Rule("registration", registration, HOUR) if registration else None,
            mail=Rule("mail", 3, HOUR),
            mail_address=Rule("mail address", 20, HOUR),
            device=Rule("device", 20, MINUTE, longest_delay=5 * MINUTE),
            admin=Rule("admin", 10, MINUTE, longest_delay=5 * MINUTE),
        )


class Limits:
    """Each method that begins a try raises `TooManyRequestsError` where it has to wait."""

    def __init__(
        self, store: LimitStore, addresses: KnownAddressRepository, clock: Clock, rules: Rules
    ) -> None:
        self._store = store
        self._addresses = addresses
        self._clock = clock
        self.rules = rules
        self._blocked: Kept[datetime] = Kept(REMEMBERED_BLOCKS)

    async def begin(self, tries: Tries) -> None:
        wait = await self._store.take(tries, now=self._clock.now())
        if wait:
            log.info("a limit refuses: %s", ", ".join(rule.name for rule, _ in tries))
            raise TooManyRequestsError(retry_after=math.ceil(wait))

    async def forgive(self, *, cleared: Tries = (), returned: Tries = ()) -> None:
        await self._store.forgive(cleared=cleared, returned=returned, now=self._clock.now())

    async def begin_login(
        self, account: str, user_id: str | None, rule: Rule | None = None
    ) -> Tries:
        """A password is tried for an account; give what this returns to `end_login` if it was
        right."""
        rule = rule or self.rules.login
        network = origin.network()
        is_known = user_id is not None and await self._addresses.is_known(
            user_id, network, now=self._clock.now()
        )
        tries: Tries = (
            [(rule, f"{account} from {network}")]
            if is_known
            else [(rule, account), (self.rules.login_address, network)]
        )
        await self.begin(tries)
        return tries

    async def end_login(self, tries: Tries, user_id: str) -> None:
        """The password was right: this is an address of that person from now on."""
        await self.forgive(cleared=tries[:1], returned=tries[1:])
        await self._addresses.remember(user_id, origin.network(), now=self._clock.now())

    async def count_token_error(self, client_id: str) -> None:
        """After an error of a client; a right secret is never asked about.

        Who was refused is refused again without asking the database, so that a flood costs it
        nothing.
        """
        network, now = origin.network(), self._clock.now()
        key = f"{network} {client_id}"
        until = self._blocked.get(key) or self._blocked.get(network)
        if until is None or until <= now:
            tries = [(self.rules.token_error, key), (self.rules.token_error_address, network)]
            wait = await self._store.take(tries, now=now)
            if not wait:
                return
            until = now + timedelta(seconds=wait)
            self._blocked.put(key, until)
        raise TooManyRequestsError(retry_after=math.ceil((until - now).total_seconds()))

    async def begin_registration(self) -> None:
        if self.rules.registration is not None:
            await self.begin([(self.rules.registration, origin.network())])

    async def begin_mail(self, account: str) -> None:
        """Somebody has a mail sent to an account."""
        network = origin.network()
        await self.begin([(self.rules.mail, account), (self.rules.mail_address, network)])
