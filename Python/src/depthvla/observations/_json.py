"""What a JSON document in the metadata may hold, in Python as in Swift."""

from __future__ import annotations

import math
from typing import Any

from depthvla.observations._errors import located

DEPTH_LIMIT = 64
VALUE_LIMIT = 200_000
OBJECT_LIMIT = 20_000


def check_document(value: Any, *, key: str, code: str, file: str | None = None) -> None:
    """Checks the nesting and the numbers of a JSON value.

    Raises:
        Error: `code` (65): what a reader would refuse.
    """
    level = [value]
    values, objects, depth = 1, 0, 0
    while level:
        inside: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                objects += 1
                # Readers in C end a key at NUL.
                if any(not isinstance(name, str) or "\0" in name for name in item):
                    raise located(
                        code, 65, "expected texts without NUL as keys", file=file, key=key
                    )
                inside += item.values()
            elif isinstance(item, (list, tuple)):
                inside += item
            elif isinstance(item, str):
                if _has_surrogate(item):
                    raise located(
                        code,
                        65,
                        "expected text without half of a surrogate pair",
                        file=file,
                        key=key,
                    )
            elif isinstance(item, bool) or item is None:
                pass
            elif isinstance(item, int):
                if not -(1 << 63) <= item < 1 << 64:
                    raise located(
                        code, 65, f"expected integers of 64 bits, found {item}", file=file, key=key
                    )
            elif not isinstance(item, float) or not math.isfinite(item):
                raise located(
                    code, 65, f"expected values of JSON, found {item!r}", file=file, key=key
                )
        depth += any(isinstance(item, (dict, list, tuple)) for item in level)
        values += len(inside)
        if depth > DEPTH_LIMIT or values > VALUE_LIMIT or objects > OBJECT_LIMIT:
            raise located(
                code,
                65,
                f"expected at most {DEPTH_LIMIT} objects and arrays inside each other, "
                f"{OBJECT_LIMIT} objects and {VALUE_LIMIT} values",
                file=file,
                key=key,
            )
        level = inside


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
