"""Which servers take a domain's mail: one question to the machine's own resolver (RFC 1035, MX).

Contract: `mail_servers` returns host names, best first, and never raises: without a resolver, an answer in time or an
MX record the list is empty. The answer is not proof of anything; it may only choose between hosts that are known.
"""

import os
import re
import socket
import struct
from pathlib import Path

SECONDS = 2.0
_MX, _IN, _RECURSE = 15, 1, 0x0100
_SERVER = re.compile(r"^nameserver\s+([0-9.]+|[0-9A-Fa-f:]+)\s*$", re.MULTILINE)


def mail_servers(domain: str, *, resolver: tuple[str, int] | None = None) -> list[str]:
    """The mail servers of `domain`; `resolver` is (address, port), by default the first of /etc/resolv.conf."""
    try:
        name = b"".join(
            bytes([len(label)]) + label for part in domain.rstrip(".").split(".") if (label := part.encode("idna"))
        )
        server = resolver or (_SERVER.findall(Path("/etc/resolv.conf").read_text("utf-8", "replace"))[0], 53)
        number = os.urandom(2)
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.settimeout(SECONDS)
            asked.connect(server)
            asked.send(number + struct.pack("!5H", _RECURSE, 1, 0, 0, 0) + name + struct.pack("!BHH", 0, _MX, _IN))
            answer = asked.recv(4096)
        return _hosts(answer) if answer[:2] == number else []
    except (OSError, UnicodeError, ValueError, IndexError, struct.error):
        return []


def _hosts(answer: bytes) -> list[str]:
    questions, answers = struct.unpack("!HH", answer[4:8])
    at, found = 12, []
    for _ in range(questions):
        at = _name(answer, at)[1] + 4
    for _ in range(answers):
        at = _name(answer, at)[1]
        kind, _class, _ttl, length = struct.unpack("!HHIH", answer[at : at + 10])
        at += 10
        if kind == _MX:
            found.append((struct.unpack("!H", answer[at : at + 2])[0], _name(answer, at + 2)[0]))
        at += length
    return [host for _preference, host in sorted(found) if host]


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """The name at `at` and where it ends; pointers (RFC 1035 section 4.1.4) are followed, a few times."""
    labels: list[str] = []
    end, jumps = 0, 0
    while length := answer[at]:
        if length & 0xC0 == 0xC0:
            end, jumps = end or at + 2, jumps + 1
            if jumps > 20:
                raise ValueError("a name that names itself")
            at = struct.unpack("!H", answer[at : at + 2])[0] & 0x3FFF
        else:
            labels.append(answer[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
    return ".".join(labels), end or at + 1
