"""A client that signs users in like Grafana, with the settings that a snippet prints."""

import configparser
from dataclasses import dataclass
from typing import Any

import jmespath
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.foreign.person import Person

VERIFIER = "a-verifier-of-a-foreign-client-" + "x" * 30
CALLBACK = "login/generic_oauth"


@dataclass(frozen=True)
class SignedIn:
    """What Grafana reads: the claims of the ID token and of UserInfo."""

    path: str
    id_token: dict[str, Any]
    userinfo: dict[str, Any]
    after_refresh: dict[str, Any]

    @property
    def roles(self) -> list[Any]:
        """Return the role that `role_attribute_path` finds in each of the three."""
        sources = (self.id_token, self.userinfo, self.after_refresh)
        return [jmespath.search(self.path, claims) for claims in sources]


class Grafana:
    def __init__(self, printed: str, secret: str) -> None:
        ini = configparser.ConfigParser(interpolation=None)
        ini.read_string(printed)
        self.root_url = ini["server"]["root_url"]
        self.settings = ini["auth.generic_oauth"]
        self.secret = secret

    async def sign_in(self, person: Person) -> SignedIn:
        """Walk the code flow, read the claims, refresh, and read those of the new ID token."""
        settings = self.settings
        keys = KeySet.import_key_set((await person.http.get("/jwks")).json())
        async with AsyncOAuth2Client(
            settings["client_id"],
            self.secret,
            scope=settings["scopes"],
            redirect_uri=f"{self.root_url}{CALLBACK}",
            code_challenge_method="S256" if settings.getboolean("use_pkce") else None,
        ) as session:
            url, state = session.create_authorization_url(
                settings["auth_url"], code_verifier=VERIFIER
            )
            token = await session.fetch_token(
                settings["token_url"],
                authorization_response=await person.browse(url),
                state=state,
                code_verifier=VERIFIER,
            )
            userinfo = (await session.get(settings["api_url"])).json()
            refreshed = await session.refresh_token(settings["token_url"])
        return SignedIn(
            path=settings["role_attribute_path"],
            id_token=jwt.decode(token["id_token"], keys).claims,
            userinfo=userinfo,
            after_refresh=jwt.decode(refreshed["id_token"], keys).claims,
        )
