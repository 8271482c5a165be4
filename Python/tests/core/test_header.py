"""What is declared for ctypes, beside what a C compiler makes of depthvla.h."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from depthvla import _library, _structures

from ..conftest import PROJECT

INCLUDE = PROJECT / "Sources/Interface/CDepthVLA/include"
HEADER = (INCLUDE / "depthvla.h").read_text()
STRUCTURES = [
    kind
    for kind in vars(_structures).values()
    if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
]


def c_name(kind: type[ctypes.Structure]) -> str:
    """dvla_bundle_info, of BundleInfo."""
    return "dvla" + re.sub("([A-Z])", lambda found: "_" + found[1].lower(), kind.__name__)


def test_structures_have_the_sizes_and_places_that_the_compiler_gives_them(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    lines = []
    expected = []
    for kind in STRUCTURES:
        lines.append(f'printf("%zu\\n", sizeof({c_name(kind)}));')
        expected.append(ctypes.sizeof(kind))
        for name, *_ in kind._fields_:
            lines.append(f'printf("%zu\\n", offsetof({c_name(kind)}, {name}));')
            expected.append(getattr(kind, name).offset)
            lines.append(f'printf("%zu\\n", sizeof((({c_name(kind)} *)0)->{name}));')
            expected.append(getattr(kind, name).size)
    source = tmp_path / "layout.c"
    source.write_text(
        "#include <depthvla.h>\n#include <stdio.h>\nint main(void) {\n"
        + "\n".join(lines)
        + "\nreturn 0;\n}\n"
    )
    program = tmp_path / "layout"
    subprocess.run([compiler, "-I", INCLUDE, source, "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert [int(line) for line in done.stdout.split()] == expected
    assert len(STRUCTURES) == len(re.findall(r"^} dvla_\w+;", HEADER, re.MULTILINE))


def test_every_function_of_the_header_is_declared_with_as_many_parameters() -> None:
    found = {
        name: len(parameters.split(","))
        for name, parameters in re.findall(r"^int32_t (dvla_\w+)\(([^;]*)\);", HEADER, re.MULTILINE)
    }
    assert {name: len(types) for name, types in _library.FUNCTIONS.items()} == found
    assert f"#define DVLA_ABI_VERSION {_library.ABI_VERSION}\n" in HEADER
