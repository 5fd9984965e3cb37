"""Client credentials for httpx2: `httpx2.AsyncClient(auth=ClientCredentialsAuth(…))`."""

import httpx2

from postern_kit.auth_flow import ClientCredentialsFlow


class ClientCredentialsAuth(ClientCredentialsFlow, httpx2.Auth):
    """Authenticate requests of an `httpx2.Client` or `httpx2.AsyncClient`."""

    request_type = httpx2.Request
