"""A lean HTTP client: one kept connection, one request at a time, little CPU of its own."""

import socket
import threading
import time
from collections.abc import Callable, Sequence

TIMEOUT_S = 30
IDLE_S = 3.0
"""The server closes a connection that was idle for five seconds."""


class DoorError(Exception):
    """The server answered otherwise than the line expects; the message holds the answer."""


class Door:
    """One connection to our web process, as one user."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._open()
        authorisation = f"Authorization: Bearer {token}\r\n" if token else ""
        self._head = f"Host: 127.0.0.1:{port}\r\n{authorisation}"

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._used = time.monotonic()

    def ask(
        self, method: str, path: str, body: bytes = b"", *, expect: int = 200, head: str = ""
    ) -> bytes:
        """The body of the answer. Raises DoorError when it has another status."""
        if time.monotonic() - self._used > IDLE_S:
            self._socket.close()
            self._open()
        kind = "Content-Type: application/json\r\n" if body and "Content-Type" not in head else ""
        lines = f"{method} {path} HTTP/1.1\r\n{self._head}{kind}{head}"
        self._socket.sendall(f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, answer = self._read()
        self._used = time.monotonic()
        if status != expect:
            raise DoorError(f"{method} {path}: {status} {answer[:300]!r}")
        return answer

    def _read(self) -> tuple[int, bytes]:
        buffer = b""
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            buffer += self._more()
        head = buffer[:end].lower()
        at = head.index(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        while len(buffer) < end + 4 + length:
            buffer += self._more()
        return int(head[9:12]), buffer[end + 4 :]

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise DoorError("the server closed the connection")
        return part


def side_by_side(works: Sequence[Callable[[], None]], seconds: float) -> int:
    """Do each work again and again in a thread of its own for so long; how often in all."""
    counts = [0] * len(works)
    failures: list[BaseException] = []
    end = time.perf_counter() + seconds

    def repeat(n: int, work: Callable[[], None]) -> None:
        try:
            while time.perf_counter() < end:
                work()
                counts[n] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=repeat, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts)


def one_by_one(work: Callable[[], object], times: int) -> list[float]:
    """The seconds of each of so many calls."""
    each = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        each.append(time.perf_counter() - start)
    return each
