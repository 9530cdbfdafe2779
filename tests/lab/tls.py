"""A certificate authority of our own, made for one test run, and the server certificates it signs."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme

from tests.lab import HOST


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server certificate and its private key, as PEM files."""

    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Certificates:
    """One authority. `ca`: its PEM file (what rules.yaml calls `ca`); `server` is good for localhost and 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        """Everything is written into `folder`, which is made."""
        folder.mkdir(parents=True)
        self._folder, self._authority, self._issued = folder, trustme.CA(), 0
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca)
        self.server = self.issue("localhost", HOST)

    def issue(self, *names: str, expires: datetime | None = None) -> Certificate:
        """A certificate for other host names or addresses, or one that has expired."""
        leaf = self._authority.issue_cert(*names, not_after=expires)
        self._issued += 1
        stem = f"{names[0]}-{self._issued}"
        made = Certificate(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        for part in leaf.cert_chain_pems:
            part.write_to_path(made.chain, append=True)
        leaf.private_key_pem.write_to_path(made.key)
        made.key.chmod(0o600)
        return made

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=self.ca)
