"""What a browser sends: the fields of a form, and the decision that it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from ..messaging.dead_letters.selection import Selection

MAX_BYTES = 64 * 1024
"""Of a form."""
MAX_LETTERS = 100
"""That can be named one by one; a page has fewer."""


class Action(StrEnum):
    """What can be decided."""

    REPLAY = "replay"
    DISCARD = "discard"


class BadForm(Exception):
    """A form or an address that cannot be used. The answer is a page that says why."""

    def __init__(self, explanation: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(explanation)
        self.status = status


@dataclass(frozen=True, slots=True)
class Command:
    """A decision on the dead letters of these numbers or, without numbers, of a group."""

    action: Action
    ids: tuple[int, ...]
    group: str
    upto: int | None
    """The last number of the group; dead letters that came later are left out."""

    @property
    def selection(self) -> Selection:
        """The dead letters to decide on. A marked one can only be discarded by its number."""
        by_number = bool(self.ids) and self.action is Action.DISCARD
        return Selection(self.ids, self.group or None, marked=by_number, upto=self.upto)

    @property
    def chosen(self) -> str:
        """The dead letters to decide on, as the query of an address."""
        return query_of(self.ids) if self.ids else urlencode({"group": self.group})


def query_of(ids: Sequence[int]) -> str:
    """The query of an address that names these dead letters."""
    return urlencode({"id": ids}, doseq=True)


def read_command(fields: QueryParams) -> Command:
    """The command that these fields are; raises BadForm."""
    action, group, ids = text(fields, "action"), text(fields, "group"), numbers(fields)
    if action not in set(Action):
        raise BadForm("Choose replay or discard.")
    if not ids and not group:
        raise BadForm("Choose at least one dead letter.")
    if ids and group:
        raise BadForm("Choose dead letters by number or by group, not both.")
    upto = number(fields["upto"]) if fields.get("upto") else None
    return Command(Action(action), ids, group, upto)


def numbers(fields: QueryParams) -> tuple[int, ...]:
    """The dead letters that are named one by one; raises BadForm."""
    ids = fields.getlist("id")
    if len(ids) > MAX_LETTERS:
        raise BadForm(f"Choose at most {MAX_LETTERS} dead letters.")
    return tuple(sorted(set(map(number, ids))))


def number(digits: str) -> int:
    """The number of a dead letter; raises BadForm."""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) < 2**63):
        raise BadForm("That is not the number of a dead letter.")
    return int(digits)


def text(fields: QueryParams, name: str) -> str:
    """A field as Postgres can take it; empty if it is missing."""
    return fields.get(name, "").replace("\x00", "")


async def read_form(request: Request) -> QueryParams:
    """The fields of a form; raises BadForm."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise BadForm("The form is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return QueryParams(parse_qsl(body.decode(), max_num_fields=2 * MAX_LETTERS))
    except ValueError:
        raise BadForm("The form cannot be read.") from None
