"""What is kept of an error: enough to understand it, without the secrets it may quote."""

import hashlib
import re
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

_IN_URL = re.compile(r"(://[^\s:/@]{0,64}:)[^\s/]{1,256}(?=@)")
_NAMED = re.compile(
    r"""((?:passw(?:or)?d|pwd|secret|token|api[_-]?key|private[_-]?key|authorization"""
    r"""|cookie)[\w-]{0,64}["']?\s{0,4}[=:]\s{0,4})"""
    r"""((?:bearer|basic|digest)\s+\S+|"[^"]*"|'[^']*'|[^\s,;&]+)""",
    re.IGNORECASE,
)
MAX_TEXT = 8_192
"""Characters kept of an error, and of the end of a traceback."""


class Reason(StrEnum):
    """Why an event is a dead letter."""

    ATTEMPTS = "attempts"
    PERMANENT = "permanent"
    TIMEOUT = "timeout"
    UNDECODABLE = "undecodable"
    CRASHED = "crashed"
    NO_HANDLER = "no_handler"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event was given up. The fingerprint is alike for failures of one cause."""

    reason: Reason
    error: str
    traceback: str
    fingerprint: str


def describe(error: BaseException, reason: Reason) -> Failure:
    """The error as an operator will read it."""
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{PurePath(frame.filename).name}:{frame.name}" for frame in frames]
    return Failure(
        reason=reason,
        error=_storable(_said_by(error)[: 2 * MAX_TEXT])[:MAX_TEXT],
        traceback=_storable("".join(traceback.format_exception(error))[-2 * MAX_TEXT :])[
            -MAX_TEXT:
        ],
        fingerprint=_fingerprint(kind, *places),
    )


def without_error(reason: Reason, explanation: str) -> Failure:
    """A failure without an exception, such as a consumer that died."""
    return Failure(reason, explanation, "", _fingerprint(reason))


def whereabouts(error: BaseException) -> str:
    """The line that raised, for the log, which never quotes an error's text: it may hold
    values of the payload."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{PurePath(own[-1].filename).name}:{own[-1].lineno}" if own else "unknown"


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _said_by(error: BaseException) -> str:
    """By Python's own means, which stand an exception whose text cannot be had."""
    return "".join(traceback.format_exception_only(error)).strip()


def _storable(text: str) -> str:
    """Postgres stores neither NUL nor half a surrogate pair."""
    text = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return without_secrets(text)


def without_secrets(text: str) -> str:
    """The text with passwords in URLs and values of telling names struck out."""
    return _NAMED.sub(r"\1***", _IN_URL.sub(r"\1***", text))
