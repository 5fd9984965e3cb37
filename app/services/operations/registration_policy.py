"""Rules of registration: whether users and clients can register without the administrator."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPolicy:
    """What is possible without the administrator's token.

    `is_open_to_users` is about users who register themselves, `is_open_to_clients` about
    `POST /create_client`. `dynamic_registration` is about clients that register themselves: anyone
    may, or only those with an initial access token, or nobody.
    """

    is_open_to_users: bool
    is_open_to_clients: bool
    dynamic_registration: Literal["open", "token", "off"]
