"""A real Dovecot: IMAP (in clear and with STARTTLS), IMAPS and LMTP, for users u1, u2, ... with Sent and Junk folders.

Root is not needed: without it Dovecot runs as whoever calls. Users are made as tests ask for them (`new_user`), so that
tests sharing one server never share a mailbox. Fails with RuntimeError carrying Dovecot's own words.
"""

import grp
import imaplib
import os
import pwd
import re
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from tests.lab import DOMAIN, HOST, PASSWORD
from tests.lab.machine import Need, Process, free_ports, raise_inotify_limit, wait_until
from tests.lab.tls import Certificates

NEEDS = (Need("dovecot", "dovecot-imapd"), Need("imap", "dovecot-imapd"), Need("lmtp", "dovecot-lmtpd"))
CAPABILITIES = """
    IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN NAMESPACE
    UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN LIST-STATUS BINARY MOVE
    SPECIAL-USE LITERAL+
""".split()  # noqa: SIM905 - as the server announces them
"""What is announced; a test that wants a poorer server takes some away."""
BASIC = """
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = {folder.name}
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = {uid}
mail_max_userip_connections = {connections}
mail_fsync = never
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  process_min_avail = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 2048
  client_limit = 1
}}
service lmtp {{
  process_min_avail = 1
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@{domain}
}}
"""
VERSION_2_3 = """
ssl_cert = <{certificate.chain}
ssl_key = <{certificate.key}
disable_plaintext_auth = no
auth_username_format = %Ln
mail_location = maildir:~/Maildir
imap_capability = {capabilities}
passdb {{
  driver = passwd-file
  args = {folder}/users/%n
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  service_count = 0
}}
"""
VERSION_2_4 = """
ssl_server_cert_file = {certificate.chain}
ssl_server_key_file = {certificate.key}
auth_allow_cleartext = yes
auth_username_format = %{{user | username | lower}}
mail_driver = maildir
mail_path = ~/Maildir
mail_home = {folder}/mail/%{{user | username}}
mail_uid = {uid}
mail_gid = {gid}
imap_capability = {capabilities}
passdb passwd-file {{
  passwd_file_path = {folder}/users/%{{user | username}}
}}
userdb static {{
}}
service imap-login {{
  restart_request_count = unlimited
}}
"""
ROOTLESS = "".join(f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login", "stats"))


class Dovecot:
    """One Dovecot; the ports stay the same over `stop` and `start`."""

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        users: int = 5,
        without: tuple[str, ...] = (),
        connections: int = 0,
    ) -> None:
        """Starts it in `folder` (made) with users u1..uN. `without`: capabilities not to announce, such as IDLE;
        `connections`: how many a user may have at once (0: any number)."""
        raise_inotify_limit()
        self.host, self.domain, self.password, self.certificates = HOST, DOMAIN, PASSWORD, certificates
        self.imap_port, self.imaps_port, self.lmtp_port, self.sasl_port = free_ports(4)
        self._folder, self._users, self._stamp = folder, 0, 0
        for name in ("", "users", "mail"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        root = os.geteuid() == 0
        uid, gid = (5000, 5000) if root else (os.getuid(), os.getgid())  # 5000: any number that is nobody's
        if root:
            os.chown(folder / "mail", uid, gid)
        me = pwd.getpwuid(os.getuid()).pw_name
        self._config = folder / "dovecot.conf"
        self._config.write_text(
            self._template().format(
                folder=folder,
                certificate=certificates.server,
                internal="dovecot" if root else me,
                internal_group="dovecot" if root else grp.getgrgid(gid).gr_name,
                login="dovenull" if root else me,
                uid=uid,
                gid=gid,
                capabilities=" ".join(one for one in CAPABILITIES if one not in without),
                domain=DOMAIN,
                imap=self.imap_port,
                imaps=self.imaps_port,
                lmtp=self.lmtp_port,
                sasl=self.sasl_port,
                connections=connections,
            )
            + ("" if root else ROOTLESS)
        )
        for _ in range(users):
            self.new_user()
        self.start()

    @staticmethod
    def _template() -> str:
        """The configuration in the language of the Dovecot at hand, which changed from 2.3 to 2.4."""
        version = subprocess.run([_program(), "--version"], check=True, capture_output=True, text=True).stdout
        if version.startswith("2.3"):
            return BASIC + VERSION_2_3
        return "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" + BASIC + VERSION_2_4

    # the server -------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start, return when it listens."""
        self._process = Process("dovecot", [_program(), "-F", "-c", str(self._config)], self._folder / "out")
        self._process.await_ports(self.imap_port, self.imaps_port, self.lmtp_port)

    def stop(self) -> None:
        """End it and every session."""
        self._process.end(patience=1.5)  # a child that was only just starting is waited for in vain, for 6 s

    def restart(self) -> None:
        """Stop and start, on the same ports."""
        self.stop()
        self.start()

    def doveadm(self, *arguments: str) -> str:
        """What `doveadm ARGUMENTS` prints; CalledProcessError when it fails."""
        command = ["doveadm", "-c", str(self._config), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def kick(self, user: str) -> None:
        """Throw out all sessions of a user, as an administrator does."""
        self.doveadm("kick", user)

    @property
    def log(self) -> str:
        """Dovecot's log."""
        return (self._folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # users ------------------------------------------------------------------------------------------------------------
    def new_user(self, password: str = PASSWORD) -> str:
        """A user nobody else uses, with empty INBOX, Sent and Junk; its name."""
        self._users += 1
        user = f"u{self._users}"
        self._write_password(user, password)
        return user

    def change_password(self, user: str, password: str) -> None:
        """Returns when the new password, and only it, opens the mailbox; sessions that are open stay so."""
        self._write_password(user, password)
        wait_until(lambda: self._can_log_in(user, password), f"the new password of {user}")

    def address(self, user: str) -> str:
        """The user's mail address."""
        return f"{user}@{DOMAIN}"

    def _write_password(self, user: str, password: str) -> None:
        file, new = self._folder / "users" / user, self._folder / "users" / f".{user}.new"
        new.write_text(f"{user}:{{PLAIN}}{password}::::::\n")
        self._stamp += 2  # Dovecot tells a changed file by its size and its time in whole seconds
        os.utime(new, (1_000_000_000 + self._stamp,) * 2)
        new.replace(file)

    def _can_log_in(self, user: str, password: str) -> bool:
        try:
            with self.session(user, password):
                return True
        except imaplib.IMAP4.error:
            return False

    # letters ----------------------------------------------------------------------------------------------------------
    def deliver(self, user: str, raw: bytes, sender: str = "customer@example.net", recipient: str = "") -> None:
        """Hand in a letter by LMTP, as a mail server does: Dovecot adds Return-Path, Delivered-To and Received.

        `recipient` is the envelope recipient (default `user@lab.test`); its local part, up to a +, is the user."""
        with smtplib.LMTP(HOST, self.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [recipient or self.address(user)], raw)

    def append(
        self, user: str, raw: bytes, folder: str = "INBOX", *, flags: tuple[str, ...] = (), when: datetime | None = None
    ) -> int:
        """Store a letter by IMAP APPEND with flags and INTERNALDATE (aware); its UID."""
        with self.session(user) as imap:
            date = imaplib.Time2Internaldate(when) if when else None
            answer = imap.append(f'"{folder}"', " ".join(flags), date, raw)
            found = re.search(rb"APPENDUID \d+ (\d+)", answer[1][0])
            if answer[0] != "OK" or found is None:
                raise RuntimeError(f"APPEND to {folder} of {user}: {answer}")
            return int(found[1])

    def letters(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The whole letters of a folder by rising UID, without marking them as read."""
        return [body for _, body in self._fetch(user, folder, "BODY.PEEK[]")]

    def flags(self, user: str, folder: str = "INBOX") -> list[frozenset[str]]:
        """The flags and keywords of each letter of a folder, by rising UID; without \\Recent."""
        found = [re.search(rb"FLAGS \(([^)]*)\)", head) for head, _ in self._fetch(user, folder, "FLAGS")]
        return [frozenset(one[1].decode().split()) - {"\\Recent"} for one in found if one]

    def mail(self, user: str) -> Path:
        """The user's maildir, to take its rights away."""
        return self._folder / "mail" / user / "Maildir"

    def set_uidvalidity(self, user: str, value: int, folder: str = "INBOX") -> None:
        """Give a folder another UIDVALIDITY, as happens when one is restored from a backup."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), folder)

    @contextmanager
    def session(self, user: str, password: str = "") -> Iterator[imaplib.IMAP4]:
        """A logged-in IMAPS client for what else a test wants to do or see; INBOX is not selected."""
        imap = imaplib.IMAP4_SSL(HOST, self.imaps_port, ssl_context=self.certificates.client_context(), timeout=20)
        try:
            imap.login(user, password or PASSWORD)
            yield imap
        finally:
            with suppress(imaplib.IMAP4.error, OSError):  # a server that was stopped meanwhile
                imap.logout()

    def _fetch(self, user: str, folder: str, what: str) -> list[tuple[bytes, bytes]]:
        with self.session(user) as imap:
            imap.select(f'"{folder}"', readonly=True)
            _, rows = imap.fetch("1:*", f"(UID {what})")
            return [row if isinstance(row, tuple) else (row, b"") for row in rows if row and row != b")"]


def _program() -> str:
    return shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") or "dovecot"
