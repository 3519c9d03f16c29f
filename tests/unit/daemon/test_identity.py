"""A copied database is noticed by the machine and the file it stands on, where they say who they are."""

from pathlib import Path

import pytest

from camd.daemon.identity import adopted, differences, read_identity
from camd.ports.records import MachineIdentity

HERE = MachineIdentity("m1", "h1", "7")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "camd.db"
    path.touch()
    return path


def machine(folder: Path, text: str) -> Path:
    path = folder / "machine-id"
    path.write_text(text)
    return path


def test_it_is_machine_hardware_and_inode(database: Path, tmp_path: Path) -> None:
    (tmp_path / "camd_hardware_id").write_text(" 4c4c4544\n")
    found = read_identity(database, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, machine(tmp_path, "0f3a\n"))
    assert found == MachineIdentity("0f3a", "4c4c4544", str(database.stat().st_ino))


@pytest.mark.parametrize("text", ["", "\n", "uninitialized\n"])
def test_a_machine_without_an_identity_has_none(database: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "camd_hardware_id").write_text("\n")
    found = read_identity(database, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, machine(tmp_path, text))
    assert (found.machine_id, found.hardware_id) == (None, None)
    assert read_identity(database, {}, tmp_path / "nothing").machine_id is None


def test_a_copy_of_the_file_has_another_inode(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(database.read_bytes())
    before, after = (read_identity(path, {}, tmp_path / "nothing") for path in (database, copy))
    assert differences(before, after) == ("inode",)


@pytest.mark.parametrize(
    ("found", "different"),
    [
        (HERE, ()),
        (MachineIdentity("m2", "h1", "7"), ("machine_id",)),
        (MachineIdentity("m2", "h2", "8"), ("machine_id", "hardware_id", "inode")),
        (MachineIdentity(None, None, "7"), ()),
        (MachineIdentity(), ()),
    ],
)
def test_none_never_differs(found: MachineIdentity, different: tuple[str, ...]) -> None:
    assert differences(HERE, found) == different
    assert differences(MachineIdentity(), found) == ()


def test_what_was_none_is_adopted_and_what_is_not_found_stays() -> None:
    assert adopted(MachineIdentity(None, "h1", "7"), MachineIdentity("m1", None, "8")) == MachineIdentity(
        "m1", "h1", "8"
    )
