"""Which folders are checkouts of the template, and the one that this command runs from."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def is_checkout(path: Path) -> bool:
    """Return whether a folder holds a template and its questions."""
    return (path / "copier.yml").is_file() and (path / "template").is_dir()


def own_checkout() -> Path | None:
    """Return the checkout that this command runs from; None where it is installed."""
    return CHECKOUT if is_checkout(CHECKOUT) else None
