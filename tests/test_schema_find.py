"""A contract is found in another service, and read without being trusted."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventsmith.errors import EventsmithError
from eventsmith.schema.finding import find
from eventsmith.schema.reading import LARGEST

Export = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Return what writes the contract of an event into ../orders/contracts."""

    def write(event: str, **more: Any) -> Path:
        publisher, _, version = event.split(".")
        about = {"type": event, "version": int(version[1:]), "stream": publisher}
        file = tmp_path / "orders" / "contracts" / f"{event}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"type": "object", "x-eventsmith": about} | more))
        return file

    return write


def assert_refused(*parts: str, place: Path, **wanted: Any) -> None:
    with pytest.raises(EventsmithError) as caught:
        find(place, **{"name": "OrderCreated", **wanted})
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400
    for part in parts:
        assert part in message


@pytest.mark.parametrize("place", ["orders", "orders/contracts", "orders/contracts/{file}"])
def test_a_contract_is_found_by_service_by_folder_and_by_file(
    export: Export, tmp_path: Path, place: str
) -> None:
    file = export("orders.OrderCreated.v1")

    found = find(tmp_path / place.format(file=file.name), "OrderCreated")

    assert found.path == file
    assert str(found.event) == "orders.OrderCreated.v1"
    assert (found.event.publisher, found.event.name, found.event.version) == (
        "orders",
        "OrderCreated",
        1,
    )
    assert found.stream == "orders"
    assert found.schema["type"] == "object"


def test_a_home_folder_can_be_written_as_a_tilde(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export("orders.OrderCreated.v1")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert find(Path("~/orders"), "OrderCreated").event.version == 1


def test_the_newest_version_is_taken_unless_another_is_wanted(
    export: Export, tmp_path: Path
) -> None:
    for version in (1, 2, 10):
        export(f"orders.OrderCreated.v{version}")

    assert find(tmp_path / "orders", "OrderCreated").event.version == 10
    assert find(tmp_path / "orders", "OrderCreated", 2).event.version == 2


def test_two_publishers_of_one_name_are_told_apart(export: Export, tmp_path: Path) -> None:
    export("orders.OrderCreated.v1")
    export("shop.OrderCreated.v1")

    found = find(tmp_path / "orders", "OrderCreated", publisher="shop")

    assert found.event.publisher == "shop"
    assert_refused("of orders and of shop", "--publisher", place=tmp_path / "orders")


def test_a_version_that_one_publisher_has_needs_no_publisher(
    export: Export, tmp_path: Path
) -> None:
    export("orders.OrderCreated.v1")
    export("shop.OrderCreated.v2")

    assert find(tmp_path / "orders", "OrderCreated", 2).event.publisher == "shop"


def test_what_is_not_there_is_refused_with_what_is(export: Export, tmp_path: Path) -> None:
    file = export("orders.OrderCreated.v1")
    orders = tmp_path / "orders"

    assert_refused("does not exist", place=tmp_path / "none")
    assert_refused("holds no contracts", "contracts export", place=tmp_path)
    assert_refused("did you mean OrderCreated?", place=orders, name="OrderCreate")
    assert_refused("there is orders.OrderCreated.v1", place=orders, name="Zzz")
    assert_refused("OrderCreated in version 3", "orders.OrderCreated.v1", place=orders, version=3)
    assert_refused("of shop.OrderCreated", place=orders, publisher="shop")
    assert_refused("no contract of OrderPaid", place=file, name="OrderPaid")
    assert_refused("in version 2", place=file, version=2)


def test_files_that_are_no_contracts_are_left_alone(export: Export, tmp_path: Path) -> None:
    folder = export("orders.OrderCreated.v1").parent
    for name in ("orders.OrderCreated.v01.json", "x\n.OrderCreated.v2.json", "readme.json"):
        (folder / name).write_text("no JSON")
    (folder / "orders.OrderCreated.v2.json.d").mkdir()

    assert find(tmp_path / "orders", "OrderCreated").event.version == 1


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"x-eventsmith": None}, "under x-eventsmith which event"),
        ({"x-eventsmith": ["orders.OrderCreated.v1"]}, "under x-eventsmith which event"),
        ({"x-eventsmith": {"version": 1, "stream": "orders"}}, "which event"),
        ({"x-eventsmith": {"type": 1, "version": 1, "stream": "orders"}}, "which event"),
        *(
            ({"x-eventsmith": {"type": type_, "version": 1, "stream": "orders"}}, "which event")
            for type_ in ("OrderCreated", "Orders.OrderCreated.v1", "orders.order.v1", "a.B.v1\n")
        ),
        (
            {"x-eventsmith": {"type": "orders.OrderCreated.v1", "version": 2, "stream": "a"}},
            "which event",
        ),
        (
            {"x-eventsmith": {"type": "shop.OrderCreated.v1", "version": 1, "stream": "a"}},
            "holds the contract of shop.OrderCreated.v1",
        ),
        *(
            (
                {"x-eventsmith": {"type": "orders.OrderCreated.v1", "version": 1, "stream": name}},
                "stream",
            )
            for name in (None, "", "{x}", "a b", "a\n", '"', "x" * 81, ["orders"])
        ),
    ],
)
def test_a_contract_that_does_not_say_what_it_is_is_refused(
    export: Export, tmp_path: Path, more: dict[str, Any], part: str
) -> None:
    export("orders.OrderCreated.v1", **more)

    assert_refused(part, place=tmp_path / "orders")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"<<<<<<< HEAD\n{}", "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        (b"[]", "no JSON object"),
        (b'"x"', "no JSON object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "Infinity is no number"),
        (b'{"a": 1e999}', "no number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"a": 1, "a": 1}', "'a' stands in it twice"),
        (rb'{"a": {"b\ud800": 1}}', "surrogates not allowed"),
        (rb'{"a": ["\udfff"]}', "surrogates not allowed"),
        (b"[" * 65 + b"]" * 65, "64 levels deep"),
        (b'{"a":' * 64 + b"1" + b"}" * 64, "64 levels deep"),
        (b"[" * 100_000, "64 levels deep"),
        (b'{"a":' * 100_000, "64 levels deep"),
        (b'"' + b"x" * LARGEST, "larger than 1 MiB"),
    ],
)
def test_what_is_no_json_that_a_contract_can_be_is_refused(
    tmp_path: Path, content: bytes, part: str
) -> None:
    file = tmp_path / "orders.OrderCreated.v1.json"
    file.write_bytes(content)

    assert_refused(part, str(file), place=file)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "orders.OrderCreated.v1.json"
    with file.open("wb") as huge:
        os.truncate(huge.fileno(), 2**40)

    assert_refused("larger than 1 MiB, the limit", place=file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "contracts" / "orders.OrderCreated.v1.json").mkdir(parents=True)

    assert_refused("cannot be read: Is a directory", place=tmp_path)


def test_a_type_is_the_same_as_in_a_service(export: Export, tmp_path: Path) -> None:
    export("web-shop2.HTTPRequestSent.v12")

    found = find(tmp_path / "orders", "HTTPRequestSent").event

    assert re.fullmatch(r"web-shop2\.HTTPRequestSent\.v12", str(found))
