"""The cross-origin policy of each path (SECURITY_BAR row 46), as its endpoints declare it."""

from collections.abc import Iterable

from app.middleware.cors import CorsPolicy
from app.routers import registration, resource_metadata, webfinger
from app.routers.hot import HotEndpoint

PATTERNS = {
    f"{registration.PATH}/*": registration.CORS_OF_CLIENT,
    resource_metadata.PATH.format(name="*"): resource_metadata.CORS,
}
"""The policies of paths with one segment that varies."""


def policies_of(endpoints: Iterable[HotEndpoint]) -> dict[str, CorsPolicy]:
    """Return the policy of each path.

    It has the methods of all endpoints at that path, which agree on the origins.
    """
    policies = {registration.PATH: registration.CORS, webfinger.PATH: webfinger.CORS}
    for endpoint in endpoints:
        methods = policies[endpoint.path].methods if endpoint.path in policies else ()
        policies[endpoint.path] = CorsPolicy(endpoint.cross_origin, (*methods, endpoint.method))
    return policies
