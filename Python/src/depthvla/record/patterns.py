"""Patterns over the dotted names of stages, as ``depthvla parity --record --stages`` takes them."""

from __future__ import annotations

from dataclasses import dataclass

from depthvla.errors import Error


@dataclass(frozen=True)
class DottedPattern:
    """``{i}`` matches a component of digits, ``*`` any one, ``**`` at the end one or more."""

    text: str

    def __post_init__(self) -> None:
        """Checks the syntax.

        Raises:
            Error: ``record.pattern`` where a component is empty or mixes a name with a wildcard.
        """
        for part in self._components():
            if part not in ("{i}", "*") and (not part or set(part) & set("*{}")):
                raise Error(
                    "record.pattern",
                    64,
                    f"the pattern {self.text!r} has the component {part!r}: expected a name, "
                    '"{i}", "*", or "**" at the end',
                )

    def matches(self, name: str) -> bool:
        """Whether a stage has such a name."""
        wanted, parts = self._components(), name.split(".")
        if len(parts) <= len(wanted) if self._is_open() else len(parts) != len(wanted):
            return False
        return all(map(_fits, wanted, parts))

    def _is_open(self) -> bool:
        return self.text.split(".")[-1] == "**"

    def _components(self) -> list[str]:
        parts = self.text.split(".")
        return parts[:-1] if self._is_open() else parts


def _fits(wanted: str, part: str) -> bool:
    if wanted == "*":
        return True
    if wanted == "{i}":
        return part.isascii() and part.isdigit()
    return wanted == part
