"""A peer on this machine, and a resolver that says what a test wants."""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import pytest_asyncio

from app.outbound import connections
from app.outbound.http import TIMEOUT, OutboundHttp
from app.outbound.ip_addresses import is_public
from app.outbound.names import HostNames
from tests.support.machine import scaled
from tests.support.peer import HOST, Authority, Peer, running_peer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


@pytest.fixture
def outbound(authority: Authority) -> OutboundHttp:
    """Allowed to reach the peer."""
    return OutboundHttp(allowed_hosts=[HOST], ca_file=authority.ca_file, timeout=scaled(TIMEOUT))


class Resolver:
    """`answers` are given one after the other, the last one for ever; `asked` are the names."""

    def __init__(self) -> None:
        self.answers: list[Sequence[str]] = []
        self.asked: list[str] = []

    async def addresses_of(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return [*(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(HostNames, "addresses_of", lambda _, *asked: made.addresses_of(*asked))
    return made


@pytest.fixture
def world(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Callable[[], OutboundHttp]:
    """A world in which the peer is public: its address, and the authority that vouches for it."""

    def make() -> OutboundHttp:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        monkeypatch.setattr(
            connections, "is_public", lambda each: each == "127.0.0.1" or is_public(each)
        )
        return OutboundHttp(timeout=scaled(TIMEOUT))

    return make
