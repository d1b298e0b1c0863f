"""A file that a command writes is whole or as it was, whatever the disk does meanwhile."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from local.options import write_whole


def test_a_disk_that_fails_leaves_the_former_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood there is read as before, and the part that was begun is gone."""
    file = tmp_path / "found.json"
    write_whole(file, "before")
    write = os.write

    def full(self: Path, text: str, **options: Any) -> int:
        with self.open("wb") as opened:
            write(opened.fileno(), text[:2].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, "after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_and_a_pipe_stay_what_they_are(tmp_path: Path) -> None:
    """The file behind a link is written anew; a pipe is written into."""
    file, link, pipe = tmp_path / "a.json", tmp_path / "link.json", tmp_path / "pipe"
    file.write_text("before")
    link.symlink_to(file)
    write_whole(link, "after")
    assert link.is_symlink()
    assert file.read_text() == "after"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)
