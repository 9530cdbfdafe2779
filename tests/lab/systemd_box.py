"""A real systemd in a container whose files are this machine's own, so that what runs here runs there.

The root is an overlay of `/` whose changes live in memory; none of this machine's services is started in it. The
network is this machine's, so that what runs inside reaches the lab's servers on 127.0.0.1. Needs root, overlayfs and
systemd-nspawn; raises `Unavailable` where the kernel or the surrounding container forbids any of it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.lab.machine import Need, wait_until

NEEDS = (Need("systemd-nspawn", "systemd-container"),)
HOST_HAS_SYSTEMD = Path("/run/systemd/system").is_dir()
HIERARCHIES = ("", "unified", "systemd")
"""Where control groups may be mounted below /sys/fs/cgroup: version 2 alone, or both beside each other."""


class Unavailable(Exception):
    """This machine cannot boot a systemd in a container; the text says why."""


class SystemdBox:
    """One container. `run` executes a command in it, `show` reads a unit's properties."""

    def __init__(self, bindings: Mapping[Path, str], files: Mapping[str, str]) -> None:
        """Boot it. `bindings`: folders of this machine shown read-only at other places. `files`: absolute path -> text;
        what lies in a bin folder is made executable."""
        self._folder = Path(tempfile.mkdtemp(prefix="box."))
        self._groups: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.root = self._folder / "root"
        try:
            self._mount()
            for name, text in files.items():
                self.write(name, text)
            self._boot(bindings)
        except BaseException:
            self.close()
            raise

    def write(self, name: str, text: str) -> None:
        """Make or replace a file in the container."""
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.parent.name == "bin":
            path.chmod(0o755)

    def run(self, *command: str, fails: bool = False) -> str:
        """What the command prints inside, as root; AssertionError with the journal when it should not have ended so."""
        done = self._enter(*command)
        if (done.returncode != 0) != fails:
            journal = self._enter("journalctl", "--no-pager", "--lines=40", "--output=cat").stdout
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}\n{journal}")
        return done.stdout

    def show(self, unit: str) -> dict[str, str]:
        """All properties of a unit."""
        return dict(line.split("=", 1) for line in self.run("systemctl", "show", unit).splitlines())

    def journal(self, unit: str) -> str:
        """What the unit has said so far."""
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit", unit)

    def close(self) -> None:
        """Shut down, unmount, remove."""
        if self._process is not None:
            self._process.terminate()  # nspawn turns it into an orderly shutdown
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        for target in (self.root, self._folder / "changes"):
            subprocess.run(["umount", "--recursive", str(target)], capture_output=True)
        for group in self._groups:
            for inner in sorted(group.rglob("*/"), reverse=True):
                with suppress(OSError):
                    inner.rmdir()
            with suppress(OSError):
                group.rmdir()
        if not os.path.ismount(self.root):
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mount(self) -> None:
        changes = self._folder / "changes"
        changes.mkdir()
        self.root.mkdir()
        _must("mount", "-t", "tmpfs", "tmpfs", str(changes))
        for name in ("upper", "work"):
            (changes / name).mkdir()
        layers = f"lowerdir=/,upperdir={changes}/upper,workdir={changes}/work"
        _must("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        for enabled in (self.root / "etc/systemd/system").glob("*.wants"):
            shutil.rmtree(enabled)
        for name, text in (("etc/fstab", ""), ("etc/machine-id", ""), ("etc/hostname", "box\n")):
            (self.root / name).unlink(missing_ok=True)
            (self.root / name).write_text(text)
        target = "[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n"
        self.write("/etc/systemd/system/box.target", target)

    def _boot(self, bindings: Mapping[Path, str]) -> None:
        name = self._folder.name.replace(".", "-").replace("_", "-")
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", f"--directory={self.root}",
                   f"--machine={name}", "--console=pipe", "--settings=no",
                   "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                   *(f"--bind-ro={source}:{place}" for source, place in bindings.items())]  # fmt: skip
        if not HOST_HAS_SYSTEMD:
            command = [*self._own_control_group(), *command, "--keep-unit"]
        with (self._folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [*command, "systemd.unit=box.target", "systemd.log_level=warning"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        try:
            wait_until(self._is_up, "systemd in a container")
        except TimeoutError as error:
            raise Unavailable(f"{error}: {(self._folder / 'console').read_text(errors='replace')}") from None

    def _is_up(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise TimeoutError("systemd-nspawn ended")
        try:
            return "ActiveState=active" in self.run("systemctl", "show", "box.target")
        except (AssertionError, LookupError):
            return False

    def _own_control_group(self) -> list[str]:
        """Without a systemd that would give the container a control group, it gets one of ours."""
        for hierarchy in HIERARCHIES:
            parent = Path("/sys/fs/cgroup", hierarchy)
            if (parent / "cgroup.procs").exists():
                group = parent / self._folder.name
                try:
                    group.mkdir()
                except OSError as error:
                    raise Unavailable(f"no control group: {error}") from None
                self._groups.append(group)
        entering = "".join(f"echo $$ >{group}/cgroup.procs; " for group in self._groups)
        return ["sh", "-c", entering + 'exec "$@"', "box"]

    def _enter(self, *command: str) -> "subprocess.CompletedProcess[str]":
        enter = ["nsenter", "--target", str(self._leader()), "--mount", "--uts", "--ipc", "--pid", "--cgroup"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, timeout=120)

    def _leader(self) -> int:
        """The container's PID 1, as seen from here."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
        raise LookupError("systemd is not there yet")


def _must(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(done.stderr.strip())
