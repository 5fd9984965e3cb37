"""What the tests of request objects share."""

from typing import Any

from app.models.clients.clients import Client
from app.oauth.request_objects import RequestObjects
from app.outbound.http import OutboundHttp
from app.services.clients.client_keys import ClientKeys
from app.services.clients.fapi import FapiProfile
from tests.support.client_jwts import jwks, signing_key
from tests.support.clients import client_with
from tests.support.clock import FakeClock

ISSUER = "https://issuer.example"
KEY = signing_key()


def a_client(**metadata: Any) -> Client:
    return client_with(**{"jwks": jwks(KEY, signing_key("RS256")), **metadata})


def objects_with(outbound: OutboundHttp, clock: FakeClock) -> RequestObjects:
    return RequestObjects(
        client_keys=ClientKeys(outbound, clock),
        outbound=outbound,
        fapi=FapiProfile(holds_for_all=False),
        clock=clock,
        issuer=ISSUER,
    )


def signed(**claims: Any) -> str:
    """A request object of `a_client()`; None takes a claim out."""
    made = {"iss": "a-client", "aud": ISSUER, "client_id": "a-client", "state": "s", **claims}
    return KEY.sign({name: value for name, value in made.items() if value is not None})
