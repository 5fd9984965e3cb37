"""Flags that the classes of a registry must state, since a default could open a hole."""

import inspect
from collections.abc import Iterable


def require_declared(declared: type, flags: Iterable[str]) -> bool:
    """Check that a class states its flags; raises `TypeError` with the class and the flag.

    Return False for an abstract class, which may leave them to its subclasses.
    """
    if inspect.isabstract(declared):
        return False
    for flag in flags:
        if not isinstance(getattr(declared, flag, None), bool):
            raise TypeError(f"{declared.__name__} must state {flag} as True or False")
    return True
