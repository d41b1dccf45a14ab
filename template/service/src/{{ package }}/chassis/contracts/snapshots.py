"""The snapshots in `contracts/`, and what has become of the classes since they were taken."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import Refused
from .comparison import compare
from .findings import Finding
from .schema import Schema

Status = Literal["ok", "outdated", "breaking", "missing", "orphaned", "unreadable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one contract, and what to do about it."""

    type: str
    status: Status
    findings: Sequence[Finding] = ()
    way_out: str = ""


def read(folder: Path) -> dict[str, bytes]:
    """The snapshots by the type of their event; other files are left alone."""
    files = sorted(folder.glob("*.*.v*.json"))
    return {path.stem: path.read_bytes() for path in files if path.is_file()}


def write(folder: Path, name: str, text: str) -> Path:
    """Write one snapshot, and say where; raises Refused if that cannot be."""
    file = folder / f"{name}.json"
    try:
        folder.mkdir(exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise Refused(f"cannot write {file}: {error.strerror}") from error
    return file


def examine(
    service: str, snapshots: Mapping[str, bytes], contracts: Mapping[str, Schema]
) -> list[Verdict]:
    """What became of each contract that has a snapshot, a class or both; both go by type."""
    return [
        _verdict(service, name, snapshots.get(name), contracts.get(name), contracts)
        for name in sorted({*snapshots, *contracts})
    ]


def _verdict(
    service: str,
    name: str,
    snapshot: bytes | None,
    contract: Schema | None,
    contracts: Mapping[str, Schema],
) -> Verdict:
    file = f"{name}.json"
    if contract is None:
        way_out = f"restore its class, or delete {file} when no stream and no consumer has it"
        return Verdict(name, "orphaned", way_out=way_out)
    if snapshot is None:
        return Verdict(name, "missing", way_out=f"run: {service} contracts export")
    try:
        agreed = _parsed(snapshot)
        findings = _compared(agreed, contract)
    except ValueError as error:
        way_out = f"restore {file}, or replace it by what the class says: {_export(service, name)}"
        return Verdict(name, "unreadable", [Finding("", "not readable", str(error))], way_out)
    if any(finding.breaking for finding in findings):
        return Verdict(name, "breaking", findings, _new_version(service, name, contracts))
    if findings or agreed != contract:
        return Verdict(name, "outdated", findings, f"run: {service} contracts export")
    return Verdict(name, "ok")


def _new_version(service: str, name: str, contracts: Mapping[str, Schema]) -> str:
    family, _, _ = name.rpartition(".v")
    publisher, _, event = family.partition(".")
    if publisher != service:
        return f"copy the contract of {publisher}: eventsmith add-event {event} --from …"
    versions = [
        int(other.rpartition(".v")[2]) for other in contracts if other.startswith(f"{family}.v")
    ]
    return (
        f"declare a new version: eventsmith add-event {event} … --version {max(versions) + 1}; "
        f"or, as long as nobody has consumed it: {_export(service, name)}"
    )


def _export(service: str, breaking: str) -> str:
    return f"{service} contracts export --breaking {breaking}"


def _parsed(snapshot: bytes) -> Schema:
    """The schema in a file; raises ValueError with one line on why there is none."""
    if b"\n<<<<<<< " in b"\n" + snapshot:
        raise ValueError("it holds the conflict of a merge")
    try:
        schema: Schema = json.loads(snapshot)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    return schema


def _compared(snapshot: Schema, contract: Schema) -> list[Finding]:
    """What differs; raises ValueError with one line if the snapshot is no contract."""
    try:
        return compare(snapshot, contract)
    except (AttributeError, LookupError, RecursionError, TypeError):
        raise ValueError("it is not built as a contract is") from None
