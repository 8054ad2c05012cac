"""Requests as a host of the lab sends them: run by path inside the host, standard library only.

    python -I -S probe.py ADDRESS PORT REQUESTS

prints one JSON list: for each request the local port (0: it was not sent), the HTTP status (null: none came) and what went wrong.
"""

import http.client
import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 8
TIMEOUT_S = 2.0
GIVE_UP_AFTER = 8
"""So many failures and the rest is not tried: a dead chain is told in seconds."""


class Probe:
    """Sends requests to one server and remembers how many failed."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self._failed = 0
        self._lock = threading.Lock()

    def request(self, _number: int) -> dict[str, object]:
        """Send one GET on a connection of its own; never raises."""
        if self._failed >= GIVE_UP_AFTER:
            return {"port": 0, "status": None, "error": "not tried: too many before it had no answer"}
        connection = http.client.HTTPConnection(self._address, self._port, timeout=TIMEOUT_S)
        answer: dict[str, object] = {"port": 0, "status": None, "error": ""}
        try:
            connection.sock = socket.socket()
            connection.sock.settimeout(TIMEOUT_S)
            connection.sock.bind(
                ("", 0)
            )  # known before it is used: packets that get no answer are judged, too
            answer["port"] = connection.sock.getsockname()[1]
            connection.sock.connect((self._address, self._port))
            connection.request("GET", "/")
            reply = connection.getresponse()
            reply.read()
            answer["status"] = reply.status
        except (OSError, http.client.HTTPException) as error:
            answer["error"] = str(error) or type(error).__name__
            with self._lock:
                self._failed += 1
        finally:
            connection.close()
        return answer


def main() -> None:
    """Send the requests that the command line asks for."""
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    probe = Probe(address, port)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        print(json.dumps(list(pool.map(probe.request, range(count)))))  # noqa: T201 - its one output


if __name__ == "__main__":
    main()
