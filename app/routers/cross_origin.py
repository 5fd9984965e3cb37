"""Which paths answer other origins (SECURITY_BAR row 46), as their endpoints declare."""

from collections.abc import Iterable

from app.middleware.cors import CorsPolicy
from app.routers import registration
from app.routers.hot import HotEndpoint

BELOW = {registration.PATH: registration.CORS_OF_CLIENT}


def policies_of(endpoints: Iterable[HotEndpoint]) -> dict[str, CorsPolicy]:
    """Return the policy of each path: the methods of its endpoints, which agree on origins."""
    policies = {registration.PATH: registration.CORS}
    for each in endpoints:
        methods = policies[each.path].methods if each.path in policies else ()
        policies[each.path] = CorsPolicy(each.cross_origin, (*methods, each.method))
    return policies
