"""The scripted server says exactly what its dialogue says, and notices what it did not expect."""

import imaplib
import socket

import pytest

from tests.lab.scripted import GREETING, LOGIN, Drop, Expect, Hold, Mark, Say, Scripted, Silence, StartTLS
from tests.lab.tls import Certificates

CAPABILITY = Expect("CAPABILITY", b"* CAPABILITY IMAP4rev1 ID", b"LE\r\n{tag} O", b"K done\r\n")
STARTTLS = Expect("STARTTLS", b"{tag} OK done\r\n")


def test_a_dialogue_in_pieces_with_a_literal(certificates: Certificates) -> None:
    login = Expect(r"LOGIN u .*secret", b"{tag} OK done\r\n")
    append = Expect("APPEND Sent .*\r\nhello", b"{tag} OK done\r\n")
    dialogue = [GREETING, CAPABILITY, login, Mark("in"), append, Expect("LOGOUT", b"* BYE\r\n{tag} OK done\r\n")]
    with Scripted(dialogue, certificate=certificates.server, implicit_tls=True) as server:
        with imaplib.IMAP4_SSL("localhost", server.port, ssl_context=certificates.client_context()) as imap:
            imap.login("u", "secret")
            server.wait("in")
            assert imap.append("Sent", "", None, b"hello")[0] == "OK"
        assert server.connections == 1
        assert [line.split()[1] for line in server.lines] == ["CAPABILITY", "LOGIN", "APPEND", "LOGOUT"]


def test_starttls(certificates: Certificates) -> None:
    capability = Expect("CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n")
    dialogue = [GREETING, capability, STARTTLS, StartTLS(), CAPABILITY, Expect("NOOP", b"{tag} OK done\r\n"), Silence()]
    with Scripted(dialogue, certificate=certificates.server) as server:
        imap = imaplib.IMAP4("localhost", server.port)
        imap.starttls(certificates.client_context())
        assert imap.noop()[0] == "OK"
        imap.shutdown()


def test_idle_is_answered_with_the_tag_of_idle() -> None:
    dialogue = [GREETING, Expect("IDLE", b"+ idling\r\n"), Hold("news"), Say(b"* 1 EXISTS\r\n"),
                Expect("DONE", b"{tag} OK done\r\n"), Drop()]  # fmt: skip
    with Scripted(dialogue) as server, socket.create_connection((server.host, server.port)) as client:
        stream = client.makefile("rwb", buffering=0)
        stream.readline()
        stream.write(b"A7 IDLE\r\n")
        assert stream.readline() == b"+ idling\r\n"
        server.release("news")
        assert stream.readline() == b"* 1 EXISTS\r\n"
        stream.write(b"DONE\r\n")
        assert stream.readline() == b"A7 OK done\r\n"
        assert stream.readline() == b""


def test_each_connection_plays_its_own_dialogue_and_a_reset_is_one() -> None:
    with Scripted([Say(b"first"), Drop()], [Say(b"second"), Expect("x"), Drop(reset=True)]) as server:
        for greeting in (b"first", b"second", b"second"):
            with socket.create_connection((server.host, server.port)) as client:
                assert client.recv(100) == greeting
                if greeting == b"second":
                    client.sendall(b"1 x\r\n")
                    with pytest.raises(ConnectionResetError):
                        client.recv(1)


def test_a_surprise_is_told() -> None:
    server = Scripted([*LOGIN, Expect("SELECT")])
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(b"a0 LOGIN u p\r\na1 EXAMINE INBOX\r\n")
        while client.recv(100):
            pass
    with pytest.raises(AssertionError, match=r"expected 'SELECT', the client said 'a1 EXAMINE INBOX'"):
        server.close()
