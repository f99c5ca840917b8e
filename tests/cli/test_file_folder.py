"""Files in a backup: they go along, are checked, and are there again after a restore."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from widget_server.ops.manifest import read_manifest
from widget_server.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine


def with_a_file(command_line: CommandLine, tmp_path: Path) -> tuple[Path, Path]:
    """Back up an installation that holds a file; its folder of files, and the backup."""
    assert command_line("migrate").code == 0
    folder, backup = tmp_path / "data" / "files", tmp_path / "backup"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "cdef").write_bytes(b"plums")
    (folder / "ab" / "half.new").write_bytes(b"half")
    assert command_line("backup", str(backup)).code == 0
    return folder, backup


def test_a_backup_takes_the_folder_of_files_along_and_a_restore_puts_it_back(
    command_line: CommandLine, tmp_path: Path
) -> None:
    folder, backup = with_a_file(command_line, tmp_path)
    assert "files/ab/cdef" in {file.name for file in read_manifest(backup).files}
    shutil.rmtree(folder)
    assert command_line("restore", str(backup), "--replace").code == 0
    assert {path.name: path.read_bytes() for path in (folder / "ab").iterdir()} == {"cdef": b"plums"}


def test_a_backup_whose_file_was_changed_is_not_restored(command_line: CommandLine, tmp_path: Path) -> None:
    folder, backup = with_a_file(command_line, tmp_path)
    shutil.rmtree(folder)
    (backup / "files" / "ab" / "cdef").write_bytes(b"pears")
    refused = command_line("restore", str(backup), "--replace")
    assert refused.code != 0
    assert "not what was backed up" in refused.err
    assert not folder.exists()


@pytest.mark.parametrize("url", ["file:///srv/files", "s3://bucket/prefix"])
def test_files_may_be_elsewhere(url: str) -> None:
    settings = load_settings({"WIDGET_FILES_URL": url}, None)
    assert settings.are_files_in_a_folder == url.startswith("file:")
