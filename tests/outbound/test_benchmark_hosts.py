"""The hosts of the benchmark with client documents, as the server reaches them."""

import asyncio
import json
from pathlib import Path

import pytest

from app.outbound.errors import FetchError
from app.outbound.http import TIMEOUT, OutboundHttp
from benchmarks.document_hosts import host, make_certificates, running_hosts
from tests.support.client_documents import document
from tests.support.machine import scaled


async def test_each_host_answers_with_the_document_of_the_url(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    outbound = OutboundHttp(
        allowed_hosts=[host(1), host(2)], ca_file=made.authority, timeout=scaled(TIMEOUT)
    )
    with running_hosts(made.server_context()) as hosts:
        urls = [hosts.url(number, "/a/client.json") for number in (1, 2, 2)]
        responses = [await outbound.get(url) for url in urls]

    assert [json.loads(each.body) for each in responses] == [document(url) for url in urls]
    assert (hosts.connections, hosts.most_open) == (3, 1)


async def test_a_silent_host_holds_connections_until_the_caller_gives_up() -> None:
    outbound = OutboundHttp(allowed_hosts=[host(1), host(2)], timeout=0.5)
    with running_hosts(None) as hosts:
        answers = await asyncio.gather(
            *(outbound.get(hosts.url(number, "/client.json")) for number in (1, 2)),
            return_exceptions=True,
        )
        with pytest.raises(FetchError):
            await outbound.get(hosts.url(1, "/client.json"))

    assert all(isinstance(each, FetchError) for each in answers)
    assert (hosts.connections, hosts.most_open) == (3, 2)
