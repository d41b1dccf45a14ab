"""The accounting of `eventsmith demo`: it notices whatever is lost, doubled or made up."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Eventsmith
from eventsmith.demo.facts import Facts
from eventsmith.demo.figures import percentile, problems
from eventsmith.demo.programs import Servers
from eventsmith.demo.services import Service
from eventsmith.demo.traffic import Posted

POSTED = [Posted(n, f"order-{n}", f"trace-{n}", 0.0, away=False) for n in range(1, 51)]
CUSTOMER = Counter(["customer-07"])
HANDLED = Counter({order.customer: 1 for order in POSTED if not order.refused})
ALL = Counter(order.order_id for order in POSTED)
FACTS = Facts(
    orders=ALL,
    published=ALL,
    reservations=HANDLED,
    totals=HANDLED,
    dead=Counter(order.order_id for order in POSTED if order.refused),
    errors=[],
    log=[],
)


def test_nothing_is_wrong_when_every_order_is_accounted_for() -> None:
    assert problems(POSTED, FACTS) == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (replace(FACTS, orders=ALL - Counter(["order-7"])), "order 7: stored 0,"),
        (replace(FACTS, orders=ALL + Counter(["stranger"])), "orders has stranger"),
        (replace(FACTS, published=ALL - Counter(["order-7"])), "order 7: stored 1, published 0,"),
        (replace(FACTS, reservations=HANDLED - CUSTOMER), "published 1, reserved 0,"),
        (replace(FACTS, reservations=HANDLED + CUSTOMER), "published 1, reserved 2,"),
        (replace(FACTS, reservations=HANDLED + Counter(["eve"])), "reservations has eve"),
        (replace(FACTS, totals=HANDLED - CUSTOMER), "reserved 1, in the totals 0,"),
        (replace(FACTS, totals=HANDLED + CUSTOMER), "reserved 1, in the totals 2,"),
        (replace(FACTS, dead=FACTS.dead + Counter(["order-7"])), "in the totals 1, dead 1"),
        (replace(FACTS, dead=Counter()), "order 13: stored 1, published 1, reserved 0,"),
        (replace(FACTS, dead=FACTS.dead + Counter(["unknown"])), "dead letters has unknown"),
    ],
)
def test_whatever_is_lost_doubled_or_made_up_is_told(broken: Facts, told: str) -> None:
    assert [problem for problem in problems(POSTED, broken) if told in problem]


def test_fails_when_an_order_is_unaccounted_for(
    eventsmith: Eventsmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = replace(FACTS, reservations=HANDLED - CUSTOMER)
    started = Servers(Path("it")), Service(Path("it"), {}, ()), Service(Path("it"), {}, ())
    for name, replacement in {
        "wiring.make_services": lambda *_: None,
        "traffic.post": lambda *_: POSTED,
        "_start": lambda *_: started,
        "gather": lambda *_: lost,
        "DEADLINE": 0,
    }.items():
        monkeypatch.setattr(f"eventsmith.demo.{name}", replacement)

    result = eventsmith("demo")

    assert result.exit_code == 1
    assert "order 7: stored 1, published 1, reserved 0" in result.stdout


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (99, 4)])
def test_a_percentile_is_one_of_the_values(percent: int, value: int) -> None:
    assert percentile([4, 1, 3, 2], percent) == value
