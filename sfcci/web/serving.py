"""An application served by a thread of its own: the pages, the analyzer."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.errors import Unreachable

START_S = 10.0
STEP_S = 0.01


@contextlib.contextmanager
def served(
    app: Any, listener: socket.socket, name: str, *, http: Any = "h11", tls: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Serve for the block; Ctrl-C stays with the main thread. `http`: the class of the protocol; `tls`: uvicorn's words.

    Nothing is left to uvicorn's defaults or to what happens to be installed. Raises Unreachable when it does not start.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=http,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=1,
        **(tls or {}),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise Unreachable(f"{name} did not start")
            time.sleep(STEP_S)
        yield
    finally:
        server.should_exit = True
        thread.join(START_S)
