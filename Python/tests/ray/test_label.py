"""Labels of every kind of source on two workers, and runs that go on."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthvla
from depthvla.errors import Error
from depthvla.ray import listing
from depthvla.ray.attempts import LIMIT, Attempts
from depthvla.ray.labeller import Labeller, Task
from depthvla.ray.output import Output
from depthvla.ray.pictures import source_at

from .support import damage, labels_of, make_pictures, of_command, refused

pytest.importorskip("ray")
from depthvla.ray import label

pytestmark = pytest.mark.usefixtures("two_workers")


def lines(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "failures.jsonl").read_text().splitlines()]


def test_every_source_and_kind_gives_the_files_of_the_command(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 7)
    damage(pictures)
    names = sorted(path.name for path in pictures.iterdir())
    with tarfile.open(tmp_path / "shard.tar", "w") as archive:
        for name in names:
            archive.add(pictures / name, name)
            archive.addfile(tarfile.TarInfo(f"{name}.json"), io.BytesIO())
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = [{"bytes": (pictures / name).read_bytes()} for name in names]
    table = pa.table({"image": cells, "name": names})
    parquet.write_table(table, tmp_path / "rows.parquet", row_group_size=4)

    sources = [
        (pictures, "relative", "png16", "", {}),
        (tmp_path / "shard.tar", "metric", "png16", "shard.tar/", {}),
        (tmp_path / "rows.parquet", "metric", "float", "", {"key_column": "name"}),
    ]
    for number, (source, meaning, kind, prefix, options) in enumerate(sources):
        output = tmp_path / str(number)
        expected = of_command(bundles[meaning], pictures, tmp_path / f"c{number}")
        report = label(source, output, bundle=bundles[meaning], kind=kind, **options)  # type: ignore[arg-type]
        assert (report.pictures, report.labels, report.failures) == (11, 7, 4)
        position = 0 if kind == "png16" else 1
        assert labels_of(output) == {prefix + k: v[position] for k, v in expected.items()}
        assert {line["key"].removeprefix(prefix): line["code"] for line in lines(output)} == {
            "cut.png": "image.truncated",
            "empty.jpg": "image.empty",
            "grey16.png": "image.grey16",
            "text.jpg": "image.not-an-image",
        }


def test_a_run_goes_on_and_keeps_what_is_there(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", 12)
    damage(pictures)
    first = label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert (first.found, first.labels) == (0, 12)
    before = labels_of(tmp_path / "o")
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "o/labels").rglob("*") if p.is_file()}
    # As after an interrupt: two labels and the record of a third are not there yet.
    lost = [tmp_path / "o/labels" / name for name in ("003.png.png", "004.jpg.png")]
    for path in lost:
        path.unlink()
    (tmp_path / "o/records/000000.json").unlink()
    (tmp_path / "o/report.json").unlink()
    (tmp_path / "o/labels/.005.jpg.png.partial-1-aa").write_bytes(b"half")
    second = label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert (second.found, second.labels, second.failures) == (13, 12, 4)
    assert labels_of(tmp_path / "o") == before
    assert {p: t for p, t in times.items() if p.stat().st_mtime_ns != t}.keys() == set(lost)
    third = label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert (third.found, third.labels, third.actors) == (16, 12, 0)


def test_failures_are_tried_again_on_request(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", 3)
    whole = (pictures / "001.jpg").read_bytes()
    # The same size: the list of pictures stays what it was.
    (pictures / "001.jpg").write_bytes(b"\0" * len(whole))
    assert label(pictures, tmp_path / "o", bundle=bundles["relative"]).failures == 1
    (pictures / "001.jpg").write_bytes(whole)
    assert label(pictures, tmp_path / "o", bundle=bundles["relative"]).failures == 1
    report = label(pictures, tmp_path / "o", bundle=bundles["relative"], retry_failures=True)
    assert (report.labels, report.failures) == (3, 0) and lines(tmp_path / "o") == []


def test_another_bundle_or_other_settings_are_refused(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    label(pictures, tmp_path / "o", bundle=bundles["relative"])
    before = labels_of(tmp_path / "o")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("bundle", {"bundle": bundles["metric"]}),
        ("kind", {"kind": "float"}),
        ("input_size", {"input_size": 112}),
        ("source", {"suffixes": (".png",)}),
    ]
    for key, changes in cases:
        with refused("labels.settings", 73) as info:
            label(pictures, tmp_path / "o", **{"bundle": bundles["relative"], **changes})
        assert info.value.key == key
    make_pictures(pictures, 3)
    with refused("labels.settings", 73):
        label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert labels_of(tmp_path / "o") == before


def test_a_label_of_no_picture_is_an_error(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    label(pictures, tmp_path / "o", bundle=bundles["relative"])
    (tmp_path / "o/labels/other.png").write_bytes(b"?")
    with refused("labels.count", 1) as info:
        label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert "other.png" in str(info.value)


def test_labels_that_cannot_be_written_stop_the_run(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    pictures = make_pictures(tmp_path / "pictures" / "sub", 4).parent
    (tmp_path / "file").write_text("")
    with refused("labels.create", 73):
        label(pictures, tmp_path / "file" / "o", bundle=bundles["relative"])
    # A file where the labels' folder should be: what an actor cannot write ends the run.
    label(pictures, tmp_path / "o", bundle=bundles["relative"])
    shutil.rmtree(tmp_path / "o/labels/sub")
    (tmp_path / "o/labels/sub").write_text("in the way")
    with refused("labels.write", 74) as info:
        label(pictures, tmp_path / "o", bundle=bundles["relative"])
    assert "sub" in str(info.value)


def test_arguments_that_make_no_sense(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    good = {"bundle": bundles["relative"]}
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("labels.kind", 64, {"kind": "tiff"}),
        ("labels.range", 64, {"actors": 0}),
        ("labels.cluster", 69, {"threads_per_actor": 2}),
        ("file.not-found", 66, {"bundle": tmp_path / "none"}),
        ("signature.missing", 1, {"trust": depthvla.Trust([PUBLIC_KEY])}),
    ]
    for code, status, changes in cases:
        with pytest.raises(Error) as info:
            label(pictures, tmp_path / code, **{**good, **changes})
        assert (info.value.code, info.value.status) == (code, status)
        assert not (tmp_path / code / "report.json").exists()


PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


def task(tmp_path: Path, bundle: Path, **changes: Any) -> Task:
    """What an actor gets, for a run of one chunk of four pictures."""
    source = source_at(make_pictures(tmp_path / "pictures", 4))
    output = Output(str(tmp_path / "o"), "png16")
    output.begin({}, source.places())
    with depthvla.open(bundle) as opened:
        root = opened.root
    values: dict[str, Any] = {
        "source": source,
        "output": output.path,
        "kind": "png16",
        "bundle": str(bundle),
        "root": root,
        "version": depthvla.__version__,
        "trust": None,
        "input_size": None,
        "threads": 1,
        "chunk_size": 4,
        "chunks": [0],
    }
    return Task(**{**values, **changes})


def test_a_node_with_another_bundle_or_version_stops_the_run(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    batch = {"id": np.array([0])}
    with refused("labels.bundle", 65):
        Labeller(task(tmp_path / "a", bundles["relative"], root="0" * 64))(batch)
    with refused("labels.version", 69):
        Labeller(task(tmp_path / "b", bundles["relative"], version="0.0.1"))(batch)


def test_a_source_that_is_gone_stops_the_run_and_a_picture_does_not(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    batch = {"id": np.array([0])}
    Path(task(tmp_path / "a", bundles["relative"]).source.path, "002.jpg").unlink()
    first = task(tmp_path / "b", bundles["relative"])
    Path(first.source.path, "002.jpg").unlink()
    done = Labeller(first)(batch)
    assert (done["labels"].tolist(), done["failures"].tolist()) == ([3], [1])
    record = json.loads((tmp_path / "b/o/records/000000.json").read_text())
    assert [f["code"] for f in record["failures"]] == ["labels.picture"]
    second = task(tmp_path / "c", bundles["relative"])
    labeller = Labeller(second)
    labeller(batch)
    shutil.rmtree(tmp_path / "c/o/labels")
    shutil.rmtree(second.source.path)
    with refused("labels.source", 66):
        labeller(batch)


def test_a_picture_that_kills_the_process_becomes_a_failure(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    work = task(tmp_path, bundles["relative"])
    for _ in range(LIMIT):
        Attempts(Output(work.output, "png16").attempts(0)).note(1)
    Labeller(work)({"id": np.array([0])})
    record = json.loads((tmp_path / "o/records/000000.json").read_text())
    assert [(f["key"], f["code"]) for f in record["failures"]] == [("001.jpg", "labels.killed")]
    assert record["labels"] == 3 and not list((tmp_path / "o/attempts").iterdir())


def test_the_list_is_the_same_whatever_the_folder_is_called(tmp_path: Path) -> None:
    # So that a run goes on where the data moved.
    places = [source_at(make_pictures(tmp_path / name, 3)).places() for name in ("a", "b")]
    assert listing.digest(places[0]) == listing.digest(places[1])
