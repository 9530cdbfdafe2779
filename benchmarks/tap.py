"""A TCP tap between the daemon and Dovecot that notes when the server said EXISTS and when a client said IDLE."""

import socket
import threading
import time
from contextlib import suppress


class Tap:
    """Listens on `port`, passes everything on, and keeps the moments (time.monotonic) of what matters."""

    def __init__(self, target: int) -> None:
        """`target`: the real server's port on 127.0.0.1."""
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._server.getsockname()[1])
        self.news = threading.Condition()
        self.exists: list[float] = []
        self.idles: list[float] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for a, b, word, moments in (
                (client, server, b" IDLE\r\n", self.idles),
                (server, client, b" EXISTS\r\n", self.exists),
            ):
                a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pump, args=(a, b, word, moments), daemon=True).start()

    def _pump(self, a: socket.socket, b: socket.socket, word: bytes, moments: list[float]) -> None:
        with suppress(OSError):
            while data := a.recv(65536):
                if word in data:
                    with self.news:
                        moments.append(time.monotonic())
                        self.news.notify_all()
                b.sendall(data)
        for s in (a, b):
            with suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def wait_idles(self, count: int, seconds: float = 30) -> float:
        """The moment of the count-th IDLE command."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.idles) >= count, seconds):
                raise TimeoutError(f"no IDLE number {count} within {seconds} s")
            return self.idles[count - 1]

    def close(self) -> None:
        """No new connections; open ones end with their ends."""
        self._server.close()
