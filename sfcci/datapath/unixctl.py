"""A connection to a daemon of Open vSwitch by which `ovs-appctl` asks: JSON-RPC 1.0 on its control socket.

One connection for many questions: starting a program for each costs twenty times as much. Source: ovs-appctl(8),
unixctl's protocol (RFC 7047, section 4, without a database).
"""

import json
from pathlib import Path
from typing import Self

from sfcci.datapath.unix_socket import connected
from sfcci.errors import ProgramFailure, ToolError

PATIENCE_S = 60.0
PIECE = 1 << 16


class Control:
    """A daemon's control socket. Not for two threads at once."""

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        """Connect; an answer may take `patience_s`. Raises ToolError when nobody answers there."""
        self._path = path
        try:
            self._sock = connected(path, patience_s)
        except OSError as error:
            raise self._failure("connect", str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; again is allowed."""
        self._sock.close()

    def ask(self, method: str, *words: str) -> str:
        """Give the answer to a command, as `ovs-appctl METHOD WORDS` prints it. Raises ToolError."""
        try:
            self._sock.sendall(json.dumps({"id": 0, "method": method, "params": words}).encode())
            answer = self._answer()
        except OSError as error:
            raise self._failure(method, str(error)) from None
        if answer.get("error") is not None:
            raise self._failure(method, str(answer["error"]).strip())
        return str(answer.get("result") or "")

    def _answer(self) -> dict[str, object]:
        data = b""
        while True:
            piece = self._sock.recv(PIECE)
            if not piece:
                raise ConnectionResetError("it has ended")
            data += piece
            try:
                answer: dict[str, object] = json.loads(data)
            except ValueError:  # the rest of it is still to come
                continue
            return answer

    def _failure(self, method: str, said: str) -> ToolError:
        words = ("ovs-appctl", "-t", str(self._path), method)
        return ToolError(ProgramFailure(words, -1, (said,)), "Open vSwitch does not answer as asked")
