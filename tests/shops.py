"""Services as the catalog sees them: answers and contracts, and nothing else."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eventsmith.schema.reading import EventType

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MONEY: Schema = {"type": "string", "format": "decimal"}
UUID: Schema = {"type": "string", "format": "uuid"}
WHEN: Schema = {"type": "string", "format": "date-time"}


def contract(event: str, stream: str | None = None, /, *, about: str = "", **fields: Any) -> Schema:
    """Return a snapshot; a field whose name ends with an underscore is optional."""
    kind = EventType.parse(event)
    assert kind
    return {
        "title": kind.name,
        "description": about,
        "type": "object",
        "properties": {name.removesuffix("_"): schema for name, schema in fields.items()},
        "required": [name for name in fields if not name.endswith("_")],
        "x-eventsmith": {
            "type": event,
            "version": kind.version,
            "stream": stream or kind.publisher,
        },
    }


CARD: Schema = {"enum": ["card"]}
LINES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/$defs/Line"},
    "description": "What was ordered; never empty.",
}
LINE: Schema = {
    "type": "object",
    "properties": {
        "sku": {"type": "string", "maxLength": 20},
        "quantity": {"type": "integer", "minimum": 1},
        "price": MONEY,
    },
    "required": ["sku", "quantity", "price"],
}
CREATED = contract(
    "orders.OrderCreated.v2",
    about="A customer has ordered, and was told so.",
    customer_id=TEXT,
    total_amount={**MONEY, "description": "With tax, in the currency of the shop."},
    lines=LINES,
    channel_={"enum": ["web", "store", "phone"], "description": "Where it came from."},
) | {"$defs": {"Line": LINE}}
FIRST = contract(
    "orders.OrderCreated.v1", about="The first version.", customer_id=TEXT, total_amount=MONEY
)
CANCELLED = contract(
    "orders.OrderCancelled.v1", about="Nothing of it was shipped.", reason=TEXT, at=WHEN
)
PAID = contract(
    "billing.InvoicePaid.v1",
    about="The whole amount has arrived.",
    invoice_id=UUID,
    amount=MONEY,
    method={"enum": ["card", "transfer", "voucher"]},
)
RESERVED = contract("inventory.StockReserved.v1", order_id=UUID, until=WHEN)
LOW = contract("inventory.StockRanLow.v1", sku=TEXT, left={"type": "integer", "minimum": 0})
SENT = contract(
    "shipping.ParcelSent.v1",
    about="The carrier has taken the parcel.",
    order_id=UUID,
    carrier=TEXT,
    tracking_={"anyOf": [TEXT, {"type": "null"}]},
)


@dataclass
class Shop:
    """A folder of services."""

    folder: Path

    def service(self, slug: str, description: str = "", *, at: str = "") -> Path:
        """Add a service without events."""
        answers = {"kind": "service", "project_slug": slug, "package": slug.replace("-", "_")}
        answers["description"] = description
        folder = self.folder / (at or slug)
        (folder / ".copier-answers.d").mkdir(parents=True)
        (folder / "contracts").mkdir()
        (folder / ".copier-answers.yml").write_text(yaml.safe_dump(answers), "utf-8")
        return folder

    def plan(self, folder: Path, event: str, role: str, stream: str = "") -> None:
        """Write the answers of an event."""
        kind = EventType.parse(event)
        assert kind
        answers = {
            "kind": "event",
            "event_type": event,
            "event": kind.name,
            "event_fields": [],
            "event_module": kind.name.lower(),
            "event_publisher": kind.publisher,
            "event_role": role,
            "event_version": kind.version,
            "event_stream": stream or kind.publisher,
        }
        path = folder / ".copier-answers.d" / f"{event}.yml"
        path.write_text(yaml.safe_dump(answers), "utf-8")

    def promise(self, folder: Path, snapshot: Schema) -> None:
        """Write a contract."""
        path = folder / "contracts" / f"{snapshot['x-eventsmith']['type']}.json"
        path.write_text(json.dumps(snapshot), "utf-8")

    def event(self, folder: Path, role: str, snapshot: Schema) -> None:
        """Write both."""
        about = snapshot["x-eventsmith"]
        self.plan(folder, about["type"], role, about["stream"])
        self.promise(folder, snapshot)


def made_up(folder: Path) -> Path:
    """Return a shop of four services, with one of each thing that can be wrong."""
    shop = Shop(folder)
    orders = shop.service("orders", "Takes orders, and follows them to the door")
    billing = shop.service("billing", "Writes invoices and collects what is due")
    stock = shop.service("inventory", "Knows what lies on which shelf")
    shipping = shop.service("shipping", "Packs parcels and hands them to a carrier")
    without_tracking = contract("shipping.ParcelSent.v1", order_id=UUID, carrier=TEXT)
    cards = contract("billing.InvoicePaid.v1", invoice_id=UUID, amount=MONEY, method=CARD)
    moved = contract("customers.AddressChanged.v1", street=TEXT)
    published = {orders: [CREATED, FIRST, CANCELLED], billing: [PAID], stock: [RESERVED, LOW]}
    consumed = {
        orders: [without_tracking, PAID],
        billing: [FIRST, CANCELLED, moved],
        stock: [CREATED, CANCELLED],
        shipping: [RESERVED, cards],
    }
    for role, events in (("publishes", {**published, shipping: [SENT]}), ("consumes", consumed)):
        for service, snapshots in events.items():
            for snapshot in snapshots:
                shop.event(service, role, snapshot)
    return folder


def many(folder: Path, services: int, events: int) -> Path:
    """Return a folder of services of which each publishes events that one or two others consume."""
    shop = Shop(folder)
    folders = [shop.service(f"service-number-{number}") for number in range(services)]
    for number, own in enumerate(folders):
        for each in range(events):
            snapshot = contract(f"{own.name}.SomethingHappened{chr(65 + each)}.v1", text=TEXT)
            shop.event(own, "publishes", snapshot)
            for step in range(1, 2 + each % 2):
                reader = folders[(number + 1 + (step + each) % (services - 1)) % services]
                shop.event(reader, "consumes", snapshot)
    return folder
