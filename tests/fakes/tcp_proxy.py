"""A TCP proxy that can go silent, as a frozen machine or a broken network does, or refuse."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TcpProxy:
    """Forwards connections to a port on loopback."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._old, self._new = threading.Event(), threading.Event()
        self._old.set()
        self._new.set()
        self._silenced = [self._old]
        self._closed = False
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def go_silent(self) -> None:
        """Forward nothing, on standing connections and on new ones; all stay open."""
        self._new.clear()
        self._old.clear()

    def silence_standing(self) -> None:
        """Forward nothing on connections that stand; new ones work."""
        self._old.clear()
        self._old = threading.Event()
        self._old.set()
        self._silenced.append(self._old)

    def speak(self) -> None:
        """Forward again, also what was held back."""
        self._new.set()
        self._old.set()

    def refuse(self) -> None:
        """Break all connections and refuse new ones."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break()

    def accept(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = self._listen(self.port)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """End."""
        self._closed = True
        _hang_up(self._listener)
        self._listener.close()
        self._break()
        for speaks in (self._new, *self._silenced):
            speaks.set()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        return listener

    def _break(self) -> None:
        _hang_up(*self._sockets)
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._new.wait()
        with client, contextlib.suppress(OSError):
            if self._closed:
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                self._sockets.append(server)
                speaks = self._old
                back = threading.Thread(target=_pump, args=(server, client, speaks), daemon=True)
                back.start()
                _pump(client, server, speaks)
                back.join()


def _pump(source: socket.socket, sink: socket.socket, speaks: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while True:
            speaks.wait()
            data = source.recv(65536)
            speaks.wait()
            if not data:
                break
            sink.sendall(data)
    _hang_up(source, sink)


def _hang_up(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(uri: str) -> Iterator[tuple[TcpProxy, str]]:
    """A proxy before a Bolt address, and the address to use instead."""
    proxy = TcpProxy(int(uri.rsplit(":", 1)[1]))
    try:
        yield proxy, f"bolt://127.0.0.1:{proxy.port}"
    finally:
        proxy.close()
