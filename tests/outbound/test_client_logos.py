"""Clients' logos on our pages: from our origin, pictures only, and nowhere else."""

import base64

import pytest

from tests.conftest import AppFactory
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.visitor import visiting

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def test_a_logo_is_fetched_once_and_served_from_the_origin_of_the_server(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR values: clients' logos are fetched by us and served from our origin"""
    app = await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)
    peer.answers["/logo"] = Answer(PNG, headers={"Content-Type": "text/html"})
    client = await app.create_client(logo_uri=peer.url("/logo"))
    async with visiting(app) as visitor:
        page = await visitor.authorize(client)

    answers = [await app.http.get(f"/clients/{client.client_id}/logo") for _ in range(3)]

    assert f'src="/clients/{client.client_id}/logo"' in page.text
    assert peer.url("/logo") not in page.text
    assert answers[-1].content == PNG
    assert answers[-1].headers["content-type"] == "image/png"
    assert peer.count("/logo") == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(SVG),
        Answer(b"<script>alert(1)</script>"),
        Answer(PNG, status=404),
        Answer(PNG * 9000),
    ],
    ids=["drawing", "script", "missing", "huge"],
)
async def test_a_response_that_is_not_a_valid_image_is_not_served(
    start_app: AppFactory, authority: Authority, peer: Peer, answer: Answer
) -> None:
    """SECURITY_BAR rows 31 and 43"""
    app = await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)
    peer.answers["/logo"] = answer
    client = await app.create_client(logo_uri=peer.url("/logo"))

    answers = [await app.http.get(f"/clients/{client.client_id}/logo") for _ in range(2)]

    assert {each.status_code for each in answers} == {404}
    assert peer.count("/logo") == 1  # a failure is remembered too


async def test_a_logo_on_a_private_ip_is_not_fetched(start_app: AppFactory, peer: Peer) -> None:
    """SECURITY_BAR row 43"""
    app = await start_app()
    client = await app.create_client(logo_uri=peer.url("/logo"))

    assert (await app.http.get(f"/clients/{client.client_id}/logo")).status_code == 404
    assert peer.connections == 0
