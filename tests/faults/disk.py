"""A small real file system (ext4 in a file) that can be full, or become read-only under its user as after a disk error.

Needs root and a loop device. `Unavailable` where the machine has none: containers often do.
"""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

SIZE = 16 << 20


class Unavailable(Exception):
    """This machine cannot mount a file system of ours."""


class Disk:
    """Mounted on `path` (made), its image beside it."""

    def __init__(self, path: Path) -> None:
        """Raises Unavailable."""
        self.path, self._image = path, path.with_suffix(".img")
        path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        _must("mkfs.ext4", "-q", "-F", "-m", "0", str(self._image))
        self._mount()

    def _mount(self) -> None:
        _must("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.path))

    def fill(self) -> None:
        """Not a byte is free afterwards."""
        with suppress(OSError), (self.path / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        os.sync()

    def empty(self) -> None:
        """There is room again."""
        (self.path / "filler").unlink()

    def break_down(self) -> None:
        """What an I/O error does: the kernel makes the file system read-only under everybody who uses it."""
        device = os.path.realpath(_must("findmnt", "-no", "SOURCE", str(self.path)))
        Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("a test\n")

    def repair(self) -> None:
        """Unmounted (nobody may use it), checked, mounted again."""
        self.close()
        subprocess.run(["e2fsck", "-p", str(self._image)], capture_output=True, check=False)
        self._mount()

    def close(self) -> None:
        """Unmounted."""
        _must("umount", str(self.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Unavailable):
            self.close()


def _must(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except FileNotFoundError as error:
        raise Unavailable(f"there is no {command[0]}") from error
    if done.returncode:
        raise Unavailable(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
