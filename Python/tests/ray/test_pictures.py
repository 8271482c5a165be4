"""What a source holds, without Ray."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from depthvla.ray.pictures import Place, Source, source_at
from depthvla.ray.reading import PictureReader

from .support import refused

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

NAMES = ["a/1.png", "a/2.JPG", "b.jpeg", "c/d/e.png"]


def folder(path: Path, names: list[str] = NAMES) -> Path:
    for name in [*names, "notes.txt", "a/1.json"]:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(name.encode())
    return path


def tar(path: Path, members: list[tuple[str, bytes]], mode: Any = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def everything(source: Source) -> dict[str, bytes]:
    reader = PictureReader(source)
    return {place.key: reader.read(place) for place in source.places()}


def test_a_folder(tmp_path: Path) -> None:
    source = source_at(folder(tmp_path / "f"))
    assert source.format == "folder"
    assert everything(source) == {name: name.encode() for name in NAMES}


def test_a_single_picture(tmp_path: Path) -> None:
    source = source_at(folder(tmp_path / "f") / "b.jpeg")
    assert everything(source) == {"b.jpeg": b"b.jpeg"}


def test_pictures_may_be_chosen_by_the_end_of_their_names(tmp_path: Path) -> None:
    names = ["1.left.jpg", "1.right.jpg", "2.LEFT.jpg"]
    source = source_at(folder(tmp_path / "f", names), suffixes=(".left.jpg",))
    assert sorted(everything(source)) == ["1.left.jpg", "2.LEFT.jpg"]


def test_a_webdataset(tmp_path: Path) -> None:
    # A long name makes a PAX header between the members; a folder and a link are no pictures.
    long = "0003" + "x" * 150 + ".png"
    tar(tmp_path / "w/00.tar", [("0001.jpg", b"one"), ("0001.txt", b"text"), ("0002.png", b"")])
    tar(tmp_path / "w/more/01.tar", [("./0001.jpg", b"other"), (long, b"three" * 999)])
    with tarfile.open(tmp_path / "w/more/01.tar", "a") as archive:
        link = tarfile.TarInfo("0009.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    source = source_at(tmp_path / "w")
    assert source.format == "webdataset"
    assert everything(source) == {
        "00.tar/0001.jpg": b"one",
        "00.tar/0002.png": b"",
        "more/01.tar/0001.jpg": b"other",
        f"more/01.tar/{long}": b"three" * 999,
    }
    assert everything(source_at(tmp_path / "w/00.tar"))["00.tar/0001.jpg"] == b"one"


def test_parquet_with_structs_and_keys(tmp_path: Path) -> None:
    # `image` as the datasets library stores it.
    cells = [{"bytes": bytes([n]) * 3, "path": None} for n in range(7)]
    keys = [f"set/{n}" for n in range(7)]
    parquet.write_table(
        pa.table({"image": cells, "id": keys}), tmp_path / "a.parquet", row_group_size=3
    )
    source = source_at(tmp_path, key_column="id")
    assert source.format == "parquet"
    assert everything(source) == {f"set/{n}": bytes([n]) * 3 for n in range(7)}


def test_parquet_with_bytes_and_without_keys(tmp_path: Path) -> None:
    for file in ("a", "b"):
        data = [f"{file}{n}".encode() for n in range(5)]
        parquet.write_table(pa.table({"jpg": data}), tmp_path / f"{file}.parquet", row_group_size=2)
    found = everything(source_at(tmp_path, picture_column="jpg"))
    assert found == {f"{f}.parquet/{n:09}": f"{f}{n}".encode() for f in "ab" for n in range(5)}


def test_a_cell_without_bytes_is_no_picture(tmp_path: Path) -> None:
    column = pa.array([None, b"x"], pa.binary())
    parquet.write_table(pa.table({"image": column}), tmp_path / "a.parquet")
    source = source_at(tmp_path)
    reader = PictureReader(source)
    first, second = source.places()
    with pytest.raises(ValueError, match="NoneType"):
        reader.read(first)
    assert reader.read(second) == b"x"


def test_a_picture_that_changed_since_it_was_listed_is_not_read(tmp_path: Path) -> None:
    source = source_at(folder(tmp_path / "f"))
    place = source.places()[0]
    (tmp_path / "f" / place.file).write_bytes(b"longer than before")
    with pytest.raises(ValueError, match="as when the source was listed"):
        PictureReader(source).read(place)


def test_what_it_is_must_be_clear(tmp_path: Path) -> None:
    with refused("labels.source", 66):
        source_at(tmp_path / "none")
    (tmp_path / "e").mkdir()
    with refused("labels.source", 65):
        source_at(tmp_path / "e")
    tar(folder(tmp_path / "f") / "x.tar", [("1.png", b"1")])
    with refused("labels.source", 64):
        source_at(tmp_path / "f")
    assert everything(source_at(tmp_path / "f", format="webdataset")) == {"x.tar/1.png": b"1"}
    with refused("labels.source", 64):
        source_at(tmp_path / "f", format="zip")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["../1.png", "/1.png", "a/../1.png", "a//1.png", "a/./1.png"])
def test_names_that_lead_out_of_the_labels_are_refused(tmp_path: Path, name: str) -> None:
    tar(tmp_path / "x.tar", [(name, b"1")])
    with refused("labels.key", 65):
        source_at(tmp_path / "x.tar").places()


@pytest.mark.parametrize(
    "keys", [["a", "a"], ["a", "a.png/b"], ["a/b", "a/b.npy/c/d"], ["x" * 201], ["a\0b"], [""]]
)
def test_keys_that_are_no_names_of_files_of_their_own_are_refused(
    tmp_path: Path, keys: list[str]
) -> None:
    parquet.write_table(pa.table({"image": [b"1"] * len(keys), "k": keys}), tmp_path / "a.parquet")
    with refused("labels.key", 65):
        source_at(tmp_path, key_column="k").places()


def test_a_name_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    folder(tmp_path / "f")
    with open(bytes(tmp_path) + b"/f/\xff.png", "wb") as file:
        file.write(b"1")
    with refused("labels.key", 65):
        source_at(tmp_path / "f").places()


def test_a_source_that_is_damaged_is_refused_with_its_file(tmp_path: Path) -> None:
    whole = tar(tmp_path / "w/0.tar", [("1.png", b"1" * 3000)]).read_bytes()
    for number, data in enumerate([whole[:700], b"\x1f\x8b" + whole[2:], b"text" * 999]):
        (tmp_path / f"{number}.tar").write_bytes(data)
        with refused("labels.source", 65) as info:
            source_at(tmp_path / f"{number}.tar").places()
        assert f"{number}.tar" in str(info.value)
    tar(tmp_path / "z.tar", [("1.png", b"1")], "w:gz")
    with refused("labels.source", 65):
        source_at(tmp_path / "z.tar").places()
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + b"\0" * 50)
    with refused("labels.source", 65):
        source_at(tmp_path / "a.parquet").places()
    parquet.write_table(pa.table({"picture": [b"1"]}), tmp_path / "b.parquet")
    with refused("labels.source", 65) as info:
        source_at(tmp_path / "b.parquet").places()
    assert "picture" in str(info.value)


def test_a_source_without_pictures_is_refused(tmp_path: Path) -> None:
    tar(tmp_path / "x.tar", [("notes.txt", b"1")])
    with refused("labels.source", 65):
        source_at(tmp_path / "x.tar").places()


def test_places_are_in_the_order_of_their_keys(tmp_path: Path) -> None:
    found = source_at(folder(tmp_path / "f")).places()
    assert found[0] == Place("a/1.png", "a/1.png", 0, 7)
    assert [place.key for place in found] == sorted(NAMES)
