"""Snapshots: what becomes of a contract, and what to do about it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orders.chassis.contracts.contract import contract_of, text_of
from orders.chassis.contracts.schema import Schema
from orders.chassis.contracts.snapshots import Verdict, examine, read, write
from orders.chassis.errors import Refused
from orders.chassis.messaging.events import DomainEvent, EventType

from ..service import SERVICE, service

TYPE = f"{SERVICE}.Told.v1"


class Told(DomainEvent):
    """An event that no registry knows."""

    event_type = EventType(SERVICE, "Told", 1, SERVICE)
    size: int
    note: str | None = None


CONTRACT = contract_of(Told)
A = {"$ref": "#/$defs/A"}


def changed(*, required: Any = ("size",), defined: Any = None, **fields: Any) -> bytes:
    """The snapshot of a contract with other fields."""
    other = {"properties": fields, "required": required, "$defs": defined or {}}
    return json.dumps(CONTRACT | other).encode()


def verdict(snapshot: bytes | None, contract: Schema | None = CONTRACT) -> Verdict:
    """What becomes of one contract."""
    [found] = examine(
        service.name,
        {TYPE: snapshot} if snapshot is not None else {},
        {TYPE: contract} if contract else {},
    )
    return found


def test_a_class_that_matches_its_snapshot_is_ok() -> None:
    assert Verdict(TYPE, "ok") == verdict(text_of(CONTRACT).encode())


def test_how_a_snapshot_is_laid_out_makes_no_difference() -> None:
    assert verdict(json.dumps(CONTRACT, sort_keys=True).encode()).status == "ok"


def test_a_class_without_a_snapshot_is_missing() -> None:
    assert Verdict(TYPE, "missing", way_out=f"run: {SERVICE} contracts export") == verdict(None)


def test_a_compatible_change_wants_a_new_snapshot() -> None:
    found = verdict(changed(size={"type": "integer"}))

    assert ("outdated", f"run: {SERVICE} contracts export") == (found.status, found.way_out)
    assert ["note"] == [finding.field for finding in found.findings]


def test_changed_documentation_wants_a_new_snapshot() -> None:
    found = verdict(text_of(CONTRACT | {"description": "before"}).encode())

    assert ("outdated", ()) == (found.status, tuple(found.findings))


def test_a_breaking_change_wants_the_next_version_that_is_free() -> None:
    later = {f"{SERVICE}.Told.v3": CONTRACT, f"{SERVICE}.ToldAgain.v7": CONTRACT}
    agreed = {TYPE: changed(size={"type": "string"})}

    found = examine(service.name, agreed, {TYPE: CONTRACT, **later})[0]

    assert found.status == "breaking"
    assert "eventsmith add-event Told … --version 4;" in found.way_out
    assert f"{SERVICE} contracts export --breaking {TYPE}" in found.way_out


def test_another_services_event_is_changed_there() -> None:
    name = "elsewhere.Told.v1"

    [found] = examine(service.name, {name: changed(size={"type": "string"})}, {name: CONTRACT})

    assert found.way_out == "copy the contract of elsewhere: eventsmith add-event Told --from …"


def test_a_snapshot_without_a_class_is_orphaned() -> None:
    found = verdict(text_of(CONTRACT).encode(), None)

    assert found.status == "orphaned"
    assert f"delete {TYPE}.json" in found.way_out


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", "it holds the conflict of a merge"),
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is not built as a contract is"),
        (b"{}", "it is not built as a contract is"),
        (changed(size={"type": "integer", "properties": 1}), "it is not built as a contract is"),
        (changed(required=1), "it is not built as a contract is"),
        (changed(size=A), "it has no definition 'A'"),
        (changed(size=A, defined={"A": A}), "it has no definition 'A'"),
    ],
)
def test_a_snapshot_that_is_no_contract_is_unreadable_in_one_line(
    snapshot: bytes, reason: str
) -> None:
    found = verdict(snapshot)

    assert ("unreadable", 1) == (found.status, len(found.findings))
    assert found.findings[0].detail.startswith(reason)
    assert "\n" not in found.findings[0].detail
    assert found.way_out.startswith(f"restore {TYPE}.json, or ")


WORDS = ["properties", "items", "anyOf", "$ref", "$defs", "type", "enum", "size"]
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.sampled_from(["#/$defs/size", "object"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
)


@settings(deadline=None)
@given(size=JSON, defined=JSON)
@example(size=A, defined={"A": {"anyOf": [A]}})
def test_whatever_is_in_a_snapshot_it_gets_a_verdict(size: Any, defined: Any) -> None:
    assert verdict(changed(size=size, defined=defined)).status in ("breaking", "unreadable")


def test_what_is_written_is_read_again_and_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"

    file = write(folder, TYPE, text_of(CONTRACT))
    (folder / "asyncapi.json").write_text("{}")

    assert {TYPE: text_of(CONTRACT).encode()} == read(folder)
    assert file == folder / f"{TYPE}.json"
    assert read(tmp_path / "elsewhere") == {}


def test_a_snapshot_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=rf"cannot write .*{TYPE}\.json: No such file or directory"):
        write(tmp_path / "not" / "there", TYPE, "")
