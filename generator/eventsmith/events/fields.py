"""How fields are written on the command line; pure functions."""

import re

_OPTIONAL = re.compile(r"\?\Z")
_LIST = re.compile(r":list\[(\w*)\]")


def plain(field: str) -> str:
    """Return the field as it is recorded: `weight:decimal?` is `weight:decimal:optional`.

    `tags:list[str]` is `tags:list:str`. Shells expand both signs, so the plain spelling is the
    one to show; whether the field makes sense, the template's rules say.
    """
    return _OPTIONAL.sub(":optional", _LIST.sub(r":list:\1", field.replace(" ", "")))
