"""Puts the library into the wheel: built by Swift here, or given by DEPTHVLA_LIBRARY."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROJECT = Path(__file__).resolve().parent.parent
LIBRARY = "libdepthvla.so.1"


class LibraryBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Adds the shared library, and tags the wheel for this platform and any Python 3."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Finds or builds the library."""
        if version == "editable":
            return
        build_data["force_include"][str(self._library())] = f"depthvla/{LIBRARY}"
        licences = os.environ.get("DEPTHVLA_LICENCES")
        if licences:
            # Of all that is linked into the library.
            build_data["force_include"][licences] = "depthvla/licences"
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"

    def _library(self) -> Path:
        given = os.environ.get("DEPTHVLA_LIBRARY")
        if given:
            return Path(given).resolve(strict=True)
        if shutil.which("swift") is None:
            raise SystemExit(
                "depthvla: no swift on PATH to build the library with; install a wheel, or name a "
                "built library in DEPTHVLA_LIBRARY"
            )
        command = ["swift", "build", "-c", "release", "--product", "depthvla-c"]
        command += ["--package-path", str(PROJECT)]
        self.app.display_info("building the library with Swift (some minutes the first time)")
        subprocess.run(command, check=True)
        folder = subprocess.run(
            [*command, "--show-bin-path"], check=True, capture_output=True, text=True
        ).stdout.strip()
        return Path(folder) / "libdepthvla-c.so"
