"""How the demo speaks: what happens in a sentence, the command that one would type, its answer."""

from contextlib import AbstractContextManager

from rich.console import Console, RenderableType
from rich.text import Text


class Narrator:
    """Writes on the terminal, or plain text elsewhere."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def text(self, words: str) -> None:
        """Say something in passing."""
        self.console.print(Text(words), soft_wrap=True)

    def step(self, words: str) -> None:
        """Begin something new."""
        self.console.print(Text(f"\n{words}", "bold"), soft_wrap=True)

    def command(self, *words: str) -> None:
        """Show a command, as one would type it."""
        self.console.print(Text.assemble(("  $ ", "green"), " ".join(words)), soft_wrap=True)

    def answer(self, words: str) -> None:
        """Show what came of it."""
        self.console.print(Text(f"    {words}", "cyan"), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """Show a table."""
        self.console.print(what)

    def waiting(self, words: str) -> AbstractContextManager[object]:
        """Turn something on the terminal while the block runs."""
        return self.console.status(words)
