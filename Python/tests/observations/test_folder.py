"""A folder of observations: whole or not at all, and read strictly."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from depthvla.observations import ObservationWriter, open_folder

from .support import observation, refused, same


def write(path: Any, count: Any = 2) -> Any:
    with ObservationWriter(path, noise_shape=(2, 4)) as writer:
        for number in range(count):
            writer.add(observation(source={"kind": "test", "number": number}))
    return path


def index_of(path: Any) -> Any:
    return json.loads((path / "observations.json").read_text())


def test_a_folder_gives_back_its_observations_in_order(tmp_path: Path) -> None:
    folder = open_folder(write(tmp_path / "o", 3))
    assert [o.source["number"] for o in folder] == [0, 1, 2]
    assert same(folder[1], observation(source={"kind": "test", "number": 1}))
    assert [o.source["number"] for o in folder[1:]] == [1, 2]
    assert not folder.unlisted


def test_the_index_lists_every_file_with_its_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "o")
    index = index_of(path)
    assert (index["format"], index["version"]) == ("depthvla-observations", 1)
    for line in index["observations"]:
        contents = (path / line["file"]).read_bytes()
        assert (
            line["bytes"] == len(contents)
            and line["sha256"] == hashlib.sha256(contents).hexdigest()
        )
    assert sorted(os.listdir(path)) == [
        "000000.safetensors",
        "000001.safetensors",
        "observations.json",
    ]
    expected = hashlib.sha256((path / "observations.json").read_bytes()).hexdigest()
    assert open_folder(path).digest == expected


def test_the_same_observations_give_the_same_folder(tmp_path: Path) -> None:
    assert open_folder(write(tmp_path / "a")).digest == open_folder(write(tmp_path / "b")).digest


def test_any_changed_byte_of_a_file_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "o", 1)
    file = path / "000000.safetensors"
    whole = file.read_bytes()
    for position in range(0, len(whole), 11):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with refused("observation.digest", 65):
            open_folder(path)[0]


def test_a_file_that_is_missing_is_found_when_the_folder_is_opened(tmp_path: Path) -> None:
    path = write(tmp_path / "o")
    (path / "000001.safetensors").unlink()
    with refused("observation.missing", 66) as info:
        open_folder(path)
    assert info.value.file.endswith("000001.safetensors")


def test_a_file_beside_the_listed_ones_takes_no_part(tmp_path: Path) -> None:
    path = write(tmp_path / "o")
    (path / "extra.safetensors").write_bytes((path / "000000.safetensors").read_bytes())
    folder = open_folder(path)
    assert len(folder) == 2 and folder.unlisted == ("extra.safetensors",)


def line(**changes: Any) -> Any:
    return {"file": "000000.safetensors", "bytes": 5, "sha256": "0" * 64, **changes}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"format": "other", "version": 1, "observations": [line()]}, "format"),
        ({"format": "depthvla-observations", "version": 2, "observations": [line()]}, "version"),
        ({"format": "depthvla-observations", "version": True, "observations": [line()]}, "version"),
        ({"format": "depthvla-observations", "version": "1", "observations": [line()]}, "version"),
        ({"format": "depthvla-observations", "version": 1, "observations": []}, "index"),
        (
            {"format": "depthvla-observations", "version": 1, "observations": [line()], "more": 1},
            "index",
        ),
        (
            {"format": "depthvla-observations", "version": 1, "observations": [line(), line()]},
            "duplicate",
        ),
        (
            {"format": "depthvla-observations", "version": 1, "observations": [line(more=1)]},
            "index",
        ),
        (
            {"format": "depthvla-observations", "version": 1, "observations": [line(bytes=-1)]},
            "index",
        ),
        (
            {
                "format": "depthvla-observations",
                "version": 1,
                "observations": [line(sha256="0" * 63)],
            },
            "index",
        ),
        (
            {
                "format": "depthvla-observations",
                "version": 1,
                "observations": [line(sha256="A" * 64)],
            },
            "index",
        ),
        *(
            (
                {
                    "format": "depthvla-observations",
                    "version": 1,
                    "observations": [line(file=name)],
                },
                "index",
            )
            for name in (
                "../a.safetensors",
                "/a.safetensors",
                ".a.safetensors",
                "a",
                "a/b.safetensors",
                3,
                "é.safetensors",
            )
        ),
        ([], "format"),
    ],
)
def test_an_index_that_breaks_a_rule_is_refused(tmp_path: Path, document: Any, code: Any) -> None:
    path = write(tmp_path / "o", 1)
    (path / "observations.json").write_text(json.dumps(document))
    with refused(f"observation.{code}", 65):
        open_folder(path)


@pytest.mark.parametrize("text", ["", "{", '{"format": "a", "format": "b"}', "[" * 100000, "\xff"])
def test_an_index_that_is_no_strict_json_is_refused(tmp_path: Path, text: Any) -> None:
    path = write(tmp_path / "o", 1)
    (path / "observations.json").write_bytes(text.encode("latin-1"))
    code = "observation.duplicate" if "format" in text else "observation.index"
    with refused(code, 65):
        open_folder(path)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "o")
    before = index_of(path)
    with refused("observation.exists", 73):
        ObservationWriter(path, noise_shape=(2, 4))
    assert index_of(path) == before


@pytest.mark.parametrize("exists", [False, True])
def test_an_exception_leaves_nothing(tmp_path: Path, exists: Any) -> None:
    path = tmp_path / "o"
    if exists:
        path.mkdir()
    with pytest.raises(KeyboardInterrupt), ObservationWriter(path, noise_shape=(2, 4)) as writer:
        writer.add(observation())
        raise KeyboardInterrupt
    assert path.exists() == exists and (not exists or not list(path.iterdir()))


def test_a_block_without_observations_is_an_error(tmp_path: Path) -> None:
    with refused("observation.empty", 65), ObservationWriter(tmp_path / "o", noise_shape=(2, 4)):
        pass
    assert not (tmp_path / "o").exists()


def test_noise_of_another_shape_is_refused(tmp_path: Path) -> None:
    with (
        refused("observation.noise", 65),
        ObservationWriter(tmp_path / "o", noise_shape=(2, 5)) as writer,
    ):
        writer.add(observation())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with refused("observation.create", 73):
        ObservationWriter(tmp_path / "file" / "o", noise_shape=(2, 4))


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    # The limit on the size of files makes write fail with EFBIG; Python ignores SIGXFSZ.
    script = f"""
        import resource, sys
        sys.path.insert(0, {str(os.path.dirname(__file__))!r})
        from support import observation
        from depthvla.errors import Error
        from depthvla.observations import ObservationWriter
        try:
            with ObservationWriter({str(tmp_path / "o")!r}, noise_shape=(2, 4)) as writer:
                writer.add(observation())
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
                writer.add(observation())
        except Error as error:
            sys.exit(f"{{error.code}} {{error.status}}")
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert result.stderr.strip() == "observation.io 74"
    assert not (tmp_path / "o").exists()


def test_a_killed_writer_leaves_no_index_and_the_folder_is_refused(tmp_path: Path) -> None:
    script = f"""
        import os, signal, sys
        sys.path.insert(0, {str(os.path.dirname(__file__))!r})
        from support import observation
        from depthvla.observations import ObservationWriter
        with ObservationWriter({str(tmp_path / "o")!r}, noise_shape=(2, 4)) as writer:
            writer.add(observation())
            os.kill(os.getpid(), signal.SIGKILL)
    """
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(script)])
    assert result.returncode == -signal.SIGKILL
    with refused("observation.missing", 66) as info:
        open_folder(tmp_path / "o")
    assert "was not finished" in str(info.value)
