"""Client credentials for httpx: `httpx.AsyncClient(auth=ClientCredentialsAuth(…))`."""

import httpx

from postern_kit.auth_flow import ClientCredentialsFlow


class ClientCredentialsAuth(ClientCredentialsFlow, httpx.Auth):
    """Authenticate requests of an `httpx.Client` or `httpx.AsyncClient`."""

    request_type = httpx.Request
