"""Access to MiniStack's private names, with a sentence instead of a traceback when one is gone."""

from types import ModuleType
from typing import Any


class MissingName(Exception):
    """A name that the launcher needs does not exist in the installed emulator."""


def need(module: ModuleType, name: str) -> Any:
    """Returns the module's attribute `name`; raises MissingName if there is none."""
    try:
        return getattr(module, name)
    except AttributeError:
        raise MissingName(
            f"the emulator has no `{module.__name__}.{name}`, which the launcher needs: "
            "run `make setup` to get the version the launcher is written for"
        ) from None


def replace(module: ModuleType, name: str, value: Any) -> Any:
    """Puts `value` in the place of the module's attribute `name` and returns the original."""
    original = need(module, name)
    setattr(module, name, value)
    return original
