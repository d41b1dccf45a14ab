"""Who is logged in: a signed cookie, of which nothing is stored.

Every key comes from the token, so a new token ends every session.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

HOURS = 8
"""After which a session ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session. A `guest` may log in; an `operator` has shown the token."""

    kind: str
    name: str
    """What the log calls it."""
    cookie: str
    form_token: str
    """What the forms of the session carry, and no other site can know."""

    def owns(self, form_token: str) -> bool:
        """Whether a form was made for this session."""
        return _same(form_token, self.form_token)


class Sessions:
    """Opens sessions, and knows them by their cookies."""

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(token.encode(), b"the desk", "sha256")
        self._token = self._signed("token", token)
        self._clock = clock

    def open(self, kind: str) -> Session:
        """A new session."""
        expires = int(self._clock()) + HOURS * 3600
        return self._session(kind, expires, secrets.token_hex(16))

    def read(self, cookie: str, kind: str) -> Session | None:
        """The session of a cookie; None if it is forged, expired, or of another kind."""
        text, _, signature = cookie.rpartition(".")
        if not _same(signature, self._signed("session", text)):
            return None
        found, expires, nonce = text.split(".")
        current = found == kind and int(expires) > self._clock()
        return self._session(kind, int(expires), nonce) if current else None

    def admits(self, token: str) -> bool:
        """Whether this is the token; the time that takes reveals nothing of it."""
        return _same(self._signed("token", token.strip()), self._token)

    def _session(self, kind: str, expires: int, nonce: str) -> Session:
        text = f"{kind}.{expires}.{nonce}"
        cookie = f"{text}.{self._signed('session', text)}"
        return Session(kind, nonce[:8], cookie, self._signed("form", nonce))

    def _signed(self, purpose: str, text: str) -> str:
        message = f"{purpose}\n{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
