"""The client of `postern demo --browser`: the code flow with PKCE, as any application does it.

OpenID Connect Core 1.0 section 3.1. It signs users in by the same code that verifies other
identity providers.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.authentication import AuthenticationRequest, code_of, new_request, url_of
from app.oauth.federation.discovery import WELL_KNOWN, ProviderMetadata
from app.oauth.federation.errors import ProviderProtocolError, SignInDeniedError
from app.oauth.federation.id_token import require_claims
from app.security import jose

SCOPE = "openid profile"
MOST_REQUESTS = 100
"""Sign-ins that may wait for their response; older ones are forgotten."""


class DemoError(Exception):
    """A sign-in that failed; the text is for the user."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the client knows after a sign-in: every request, and what it got."""

    authorization_url: str
    token_endpoint: str
    tokens: Mapping[str, Any]
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    userinfo: Mapping[str, Any]


class DemoClient:
    """A confidential client at `home_url`.

    `http` is a client of httpx for the server, and `unavailable` what it raises if the server does
    not respond.
    """

    def __init__(
        self,
        http: Any,
        *,
        unavailable: type[Exception],
        home_url: str,
        credentials: tuple[str, str],
    ) -> None:
        self._http = http
        self._unavailable = unavailable
        self._home_url = home_url
        self._credentials = credentials
        self._document: Mapping[str, Any] = self._request("GET", WELL_KNOWN)
        self._metadata = ProviderMetadata(
            authorization_endpoint=self._document["authorization_endpoint"],
            token_endpoint=self._document["token_endpoint"],
            userinfo_endpoint=self._document["userinfo_endpoint"],
            jwks_uri=self._document["jwks_uri"],
            auth_methods=("client_secret_basic",),
            names_itself=True,
        )
        self._provider = IdentityProvider(
            name="postern",
            label="Postern",
            issuer=self._document["issuer"],
            client_id=credentials[0],
            sealed_secret=None,
            scope=SCOPE,
            created_at=datetime.now(UTC),
            disabled_at=None,
        )
        self._requests: OrderedDict[str, tuple[AuthenticationRequest, str]] = OrderedDict()

    @property
    def account_url(self) -> str:
        return f"{self._provider.issuer}/account"

    def begin(self) -> tuple[str, str]:
        """Return the URL that sends the browser to the server, and the state of the request."""
        request = new_request(callback_of(self._home_url))
        url = url_of(request, self._provider, self._metadata, is_fresh=False)
        self._requests[request.state] = (request, url)
        while len(self._requests) > MOST_REQUESTS:
            self._requests.popitem(last=False)
        return url, request.state

    def finish(self, response: Mapping[str, str], *, state: str) -> SignIn:
        """Redeem the code of an authorization response and verify the ID token.

        `state` is that of the browser. Raise `DemoError`.
        """
        if not state or response.get("state") != state or state not in self._requests:
            raise DemoError("This sign-in was started in another browser, or is already over.")
        request, url = self._requests.pop(state)
        try:
            code = code_of(response, self._metadata, issuer=self._provider.issuer)
        except SignInDeniedError:
            raise DemoError("You cancelled the sign-in, so this app got no tokens.") from None
        except ProviderProtocolError as error:
            described = response.get("error_description") or response.get("error")
            raise DemoError(f"The server refused the sign-in: {described or error}.") from None
        tokens = self._redeem(code, request)
        header, claims = self._verified(tokens["id_token"], request)
        userinfo = self._request(
            "GET",
            self._document["userinfo_endpoint"],
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        )
        if userinfo.get("sub") != claims["sub"]:
            raise DemoError("UserInfo is about another user than the ID token.")
        return SignIn(url, self._metadata.token_endpoint, tokens, header, claims, userinfo)

    def sign_out_url(self, signed_in: SignIn) -> str:
        """Return the URL that signs the user out at the server and leads back."""
        parameters = {
            "id_token_hint": signed_in.tokens["id_token"],
            "post_logout_redirect_uri": self._home_url,
        }
        return f"{self._document['end_session_endpoint']}?{urlencode(parameters)}"

    def _redeem(self, code: str, request: AuthenticationRequest) -> Mapping[str, Any]:
        return self._request(
            "POST",
            self._metadata.token_endpoint,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": request.redirect_uri,
                "code_verifier": request.code_verifier,
            },
            auth=self._credentials,
        )

    def _verified(
        self, id_token: str, request: AuthenticationRequest
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the header and the claims of an ID token that is valid for the request."""
        keys = self._request("GET", self._metadata.jwks_uri)["keys"]
        try:
            claims = jose.verify(id_token, keys, algorithms=jose.CLIENT_ALGORITHMS)
            now = datetime.now(UTC)
            require_claims(claims, self._provider, nonce=request.nonce, now=now)
            return jose.header_of(id_token), claims
        except jose.SignatureError as error:
            raise DemoError(f"The ID token is not valid: {error}.") from None

    def _request(self, method: str, url: str, **options: Any) -> Mapping[str, Any]:
        """Return the JSON of a response; raise `DemoError` if it is not a success."""
        try:
            response = self._http.request(method, url, **options)
        except self._unavailable as error:
            raise DemoError(f"The server does not respond: {error}.") from None
        if response.is_error:
            raise DemoError(f"{urlsplit(url).path} responded with {response.status_code}.")
        body: Mapping[str, Any] = response.json()
        return body


def callback_of(home_url: str) -> str:
    """Return the redirect URI of the client."""
    return f"{home_url}callback"
