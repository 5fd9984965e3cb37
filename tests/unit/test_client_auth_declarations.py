"""Client authentication methods state what matters for security; a default could open a hole."""

import pytest

from app.oauth.client_auth.base import ClientAuthMethod
from app.oauth.client_auth.client_secret_post import ClientSecretPost

FLAGS = {
    "proves_identity": True,
    "is_chosen_by_registration": False,
    "uses_secret": False,
    "uses_keys": False,
}
METHODS = {"extract": ClientSecretPost.extract, "refusal": ClientSecretPost.refusal}


@pytest.mark.parametrize("missing", FLAGS)
def test_a_method_without_a_flag_cannot_be_defined(missing: str) -> None:
    flags = {name: value for name, value in FLAGS.items() if name != missing}

    with pytest.raises(TypeError, match=f"Unstated must state {missing}"):
        type("Unstated", (ClientAuthMethod,), {"name": "unstated", **flags, **METHODS})


def test_only_the_method_of_public_clients_may_leave_a_client_unauthenticated() -> None:
    flags = {**FLAGS, "proves_identity": False}

    with pytest.raises(TypeError, match="unauthenticated"):
        type("Open", (ClientAuthMethod,), {"name": "open", **flags, **METHODS})
