"""Models are found at start, in a package or in one module; a faulty one stops the start."""

import sys
from pathlib import Path

import pytest

from chassis import PACKAGE

from ..processes import started

SERVICE = f"""
from {PACKAGE}.chassis import Base, Service, Settings
from . import models, nothing
service = Service(
    "shop", models=models, events=nothing, handlers=nothing, api=nothing, settings=Settings
)
if __name__ == "__main__":
    service.discover()
    print("tables:", *sorted(Base.metadata.tables))
"""
TABLE = f"""
from sqlalchemy.orm import Mapped, mapped_column
from {PACKAGE}.chassis import Base

class {{0}}(Base):
    __tablename__ = "{{1}}"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A service whose models are still to be written."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in {"__init__": "", "nothing": "", "service": SERVICE}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def models(shop: Path, **modules: str) -> None:
    """Write modules into the package of its models."""
    (shop / "models").mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (shop / "models" / f"{name}.py").write_text(text)


async def start(shop: Path) -> tuple[int, str]:
    """Discover its modules in a process; its exit code and what it says."""
    command = (sys.executable, "-m", "shop.service")
    async with started(cwd=shop.parent, command=command) as process:
        return await process.ended(), "".join(process.output)


async def test_each_module_of_the_models_is_found(shop: Path) -> None:
    models(shop, crates=TABLE.format("Crate", "crates"), pallets=TABLE.format("Pallet", "pallets"))

    assert await start(shop) == (0, "tables: crates pallets\n")


async def test_a_single_module_of_models_is_found(shop: Path) -> None:
    (shop / "models.py").write_text(TABLE.format("Crate", "crates"))

    assert await start(shop) == (0, "tables: crates\n")


async def test_a_table_declared_a_second_time_stops_the_start(shop: Path) -> None:
    models(shop, one=TABLE.format("Crate", "crates"), two=TABLE.format("Box", "crates"))

    code, said = await start(shop)

    assert code == 1
    assert "models/two.py" in said
    assert "Table 'crates' is already defined" in said


async def test_a_model_that_cannot_be_imported_stops_the_start(shop: Path) -> None:
    models(shop, one="import nowhere_to_be_found")

    code, said = await start(shop)

    assert code == 1
    assert "models/one.py" in said
    assert said.endswith("No module named 'nowhere_to_be_found'\n")
