"""A way between two addresses that can be cut, as a network between two machines."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Relay:
    """Listens on a port of `host` and passes bytes to `target` and back, until `cut`; `open` passes them (again)."""

    def __init__(self, host: str, target: tuple[str, int]) -> None:
        self._target, self._server = target, socket.create_server((host, 0))
        self.port: int = self._server.getsockname()[1]
        self._passing, self._pairs = False, set[socket.socket]()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def open(self) -> None:
        """From now on it passes bytes."""
        self._passing = True

    def cut(self) -> None:
        """From now on nothing comes through; what is connected hangs, and so does a new connection, as behind a dropped route."""
        self._passing = False

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        with self._lock:
            for one in self._pairs:
                with contextlib.suppress(OSError):
                    one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target, 5)
            except OSError:
                if self._server.fileno() == -1:
                    return
                continue
            with self._lock:
                self._pairs |= {near, far}
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        try:
            with selectors.DefaultSelector() as selector, near, far:
                selector.register(near, selectors.EVENT_READ, far)
                selector.register(far, selectors.EVENT_READ, near)
                while True:
                    for key, _ in selector.select(0.5):
                        if not self._passing:
                            threading.Event().wait(0.2)
                            continue
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # both are sockets
                        if not data:
                            return
                        key.data.sendall(data)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._pairs -= {near, far}
