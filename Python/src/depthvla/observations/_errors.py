"""Errors whose message says where, as those of the library do."""

from __future__ import annotations

from depthvla.errors import Error


def located(
    code: str,
    status: int,
    rule: str,
    *,
    file: str | None = None,
    tensor: str | None = None,
    key: str | None = None,
) -> Error:
    """An error whose message is the file, the tensor or key, and the rule, in one line."""
    message = ": ".join(part for part in (file, tensor, key, rule) if part is not None)
    return Error(code, status, message, file=file, tensor=tensor, key=key)
