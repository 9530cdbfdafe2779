"""A real Postfix for submission (as on port 587 with STARTTLS, as on 465 with TLS at once) that relays to a `Sink`; on
`poor_port` as on 587, but without 8BITMIME and SMTPUTF8.

Users and passwords are those of the `Dovecot` it is given. Needs root, as Postfix does. There is no MX lookup and no
queue file outside its folder. Fails with RuntimeError carrying Postfix's own words.
"""

import os
import shutil
from pathlib import Path
from typing import Self

from tests.lab import DOMAIN, HOST, PASSWORD
from tests.lab.dovecot import Dovecot
from tests.lab.machine import Need, Process, free_ports
from tests.lab.sink import Sink

NEEDS = (Need("postfix", "postfix"),)
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
local_recipient_maps =
mynetworks =
alias_maps =
alias_database =
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = smtp:[127.0.0.1]:{sink}
smtpd_client_connection_count_limit = 0
smtpd_tls_cert_file = {certificate.chain}
smtpd_tls_key_file = {certificate.key}
smtpd_tls_security_level = encrypt
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
MASTER = """
127.0.0.1:{submission} inet n - n - 50 smtpd
127.0.0.1:{submissions} inet n - n - 50 smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:{poor} inet n - n - 50 smtpd
  -o smtpd_discard_ehlo_keywords=8bitmime,smtputf8
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """One Postfix and its sink (`sink`: what would have gone out into the world)."""

    def __init__(self, folder: Path, dovecot: Dovecot) -> None:
        """Starts both in `folder` (made); the users of `dovecot` may submit."""
        self.host, self.domain, self.password, self.certificates = HOST, DOMAIN, PASSWORD, dovecot.certificates
        self.submission_port, self.submissions_port, self.poor_port = free_ports(3)
        self.sink = Sink()
        self._folder, self._config = folder, folder / "conf"
        for name in ("conf", "spool", "data"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix", "postfix")
        values = {"folder": folder, "domain": DOMAIN, "sink": self.sink.port, "sasl": dovecot.sasl_port,
                  "certificate": self.certificates.server, "submission": self.submission_port,
                  "submissions": self.submissions_port, "poor": self.poor_port}  # fmt: skip
        (self._config / "main.cf").write_text(MAIN.format(**values))
        (self._config / "master.cf").write_text(MASTER.lstrip().format(**values))
        self.start()

    def start(self) -> None:
        """Start, return when it listens."""
        program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin") or "postfix"
        self._process = Process("postfix", [program, "-c", str(self._config), "start-fg"], self._folder / "out")
        self._process.await_ports(self.submission_port, self.submissions_port, self.poor_port)

    def stop(self) -> None:
        """End it; the sink stays."""
        self._process.end(self._folder / "spool/pid/master.pid")

    def restart(self) -> None:
        """Stop and start, on the same ports; the queue is kept."""
        self.stop()
        self.start()

    @property
    def log(self) -> str:
        """Postfix's log."""
        file = self._folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def close(self) -> None:
        """End Postfix and its sink."""
        self.stop()
        self.sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
