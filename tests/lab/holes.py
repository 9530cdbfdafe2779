"""Servers on ports of 127.0.0.1 from which nothing ever comes, closed with the stack that they are given."""

import socket
from contextlib import ExitStack, suppress

from tests.lab import HOST


def silent(stack: ExitStack) -> int:
    """The port of one that takes connections, and never says a word."""
    return int(_listening(stack, 64).getsockname()[1])


def unreachable(stack: ExitStack) -> int:
    """The port of one that takes no connection and refuses none: its queue is full."""
    server = _listening(stack, 0)
    for _ in range(4):
        one = stack.enter_context(socket.socket())
        one.setblocking(False)
        with suppress(BlockingIOError):
            one.connect(server.getsockname())
    return int(server.getsockname()[1])


def _listening(stack: ExitStack, backlog: int) -> socket.socket:
    server = stack.enter_context(socket.socket())
    server.bind((HOST, 0))
    server.listen(backlog)
    return server
