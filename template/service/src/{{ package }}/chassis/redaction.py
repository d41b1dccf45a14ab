"""Secrets struck out of text that is logged or stored."""

import re

_IN_URL = re.compile(r"(://[^\s:/@]{0,64}:)[^\s/]{1,256}(?=@)")
_NAMED = re.compile(
    r"""((?:passw(?:or)?d|pwd|secret|token|api[_-]?key|private[_-]?key|authorization"""
    r"""|cookie)[\w-]{0,64}["']?\s{0,4}[=:]\s{0,4})"""
    r"""((?:bearer|basic|digest)\s+\S+|"[^"]*"|'[^']*'|[^\s,;&]+)""",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """The text with passwords in URLs and values of telling names struck out."""
    return _NAMED.sub(r"\1***", _IN_URL.sub(r"\1***", text))
