"""The one exception of this package."""

from __future__ import annotations

__all__ = ["Error"]


class Error(Exception):
    """What is wrong, where, and which rule was broken.

    Attributes:
        code: The rule, as a stable dotted word such as ``bundle.chunk-hash``. The page "Error
            codes" of the documentation lists those of the library.
        status: The exit status of the command for such an error: 1 a check failed, 64 the call is
            wrong, 65 malformed or damaged input, 66 no such input, 69 a resource ran out, 73 output
            cannot be created, 74 reading or writing failed, 130 interrupted.
        message: One line.
        file: The file concerned.
        tensor: The tensor concerned.
        key: The key of a document or an observation concerned.
        details: Further problems that were found in the same pass.
    """

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        file: str | None = None,
        tensor: str | None = None,
        key: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.file = file
        self.tensor = tensor
        self.key = key
        self.details = details

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel between processes, as those of Ray's actors do.
        return (_rebuilt, (type(self), self.code, self.status, self.message, self.__dict__.copy()))


def _rebuilt(
    kind: type[Error], code: str, status: int, message: str, members: dict[str, object]
) -> Error:
    error = kind(code, status, message)
    error.__dict__.update(members)
    return error


class MissingExtra(Error, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            "python.extra",
            69,
            f"{package} is not installed; install it with: pip install 'depthvla[{extra}]'",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (Error.__new__, (type(self),), self.__dict__.copy())
