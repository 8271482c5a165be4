"""The snippets of the READMEs print what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import CHECKPOINTS, PROJECT, run_command


@pytest.mark.parametrize("readme", ["README.md", "Python/README.md"])
def test_the_snippet_prints_what_the_readme_says(readme: str, tmp_path: Path) -> None:
    text = (PROJECT / readme).read_text()
    found = re.search(
        r"```python\n(import depthvla\n.*?)```\n+It prints\n+```text\n(.*?)```", text, re.DOTALL
    )
    assert found is not None
    run_command(
        *("convert", "--quiet", "--depthvla", CHECKPOINTS / "depthvla/plain"),
        *("--precision", "int8", "-o", tmp_path / "robot.dvla.safetensors"),
    )
    done = subprocess.run(
        [sys.executable, "-c", found[1]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == found[2]
