"""A port of this machine that leads to a server on a lab's host, for a browser that knows nothing of labs.

Each connection is joined with one that begins in the lab, on the server's own host or on another one, from where it takes
its chain's way. Either side may be done sending before the other is (TCP's half-closed connections).
"""

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from sfcci.datapath import door
from sfcci.datapath.door import Door
from sfcci.datapath.lab import Lab
from sfcci.errors import Unreachable, UsageError

Say = Callable[[str], None]
LOOPBACK = ("127.0.0.1", "::1")
CHUNK = 64 * 1024
BACKLOG = 512
CONNECT_S = 30.0
"""How long a connection inside the lab may take to come about; a chain whose functions are dead answers nothing."""
END_S = 5.0


@dataclass(frozen=True)
class Forward:
    """Where connections go: `addresses` are tried in that order, from the host `origin` of the lab."""

    origin: str
    addresses: tuple[str, ...]
    port: int


def to_host(lab: Lab, host: str, port: int, origin: str = "") -> Forward:
    """Give the way to a port of a host: on the host itself, or from `origin` through the lab's switch and its chains.

    Raises UsageError: no such host, or one without an address.
    """
    own = [address for one in lab.topology.ports_of(lab.topology.host(host).name) for address in one.plain]
    if origin and lab.topology.host(origin).name != host:
        if not own:
            raise UsageError(f"host {host} has no address; leave --from out")
        return Forward(origin, tuple(own), port)
    return Forward(host, (*LOOPBACK, *own), port)


def listener(address: str, port: int) -> socket.socket:
    """Give what listens there (port 0: any that is free). Raises Unreachable: taken, forbidden, no address of this machine."""
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004 - IP's version
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Unreachable(
            f"cannot listen at {shown(address, port)}: {error.strerror}; choose another with --listen"
        ) from None


def shown(address: str, port: int) -> str:
    """Give an address and a port as a URL has them (RFC 3986)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def run(lab: Lab, forward: Forward, listening: socket.socket, say: Say) -> None:
    """Carry connections until Ctrl-C or SIGTERM (KeyboardInterrupt); `say` is told of those that came to nothing.

    Raises Unreachable when the lab ends, ToolError, MissingTool.
    """
    _many_files()
    with listening, door.opened(lab, forward.origin) as opened:
        if asyncio.run(_serve(opened, forward, listening, say)):
            raise KeyboardInterrupt
    raise Unreachable(f"lab {lab.scenario.name} has ended")


async def _serve(opened: Door, forward: Forward, listening: socket.socket, say: Say) -> bool:
    """Serve until somebody ends it; True: a signal came, False: the lab has ended."""
    loop, told = asyncio.get_running_loop(), asyncio.Queue[bool]()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.put_nowait, True)
    lasting: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            lasting.add(task)
            task.add_done_callback(lasting.discard)
        await _carry(opened, forward, reader, writer, say)

    server = await asyncio.start_server(carry, sock=listening, limit=CHUNK)
    loop.add_reader(opened.ended, told.put_nowait, False)
    try:
        return await told.get()
    finally:
        loop.remove_reader(opened.ended)
        server.close()
        for task in lasting:
            task.cancel()
        if lasting:
            await asyncio.wait(lasting, timeout=END_S)


async def _carry(
    opened: Door, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Say
) -> None:
    with contextlib.suppress(OSError):
        try:
            there_reader, there_writer = await asyncio.wait_for(_connected(opened, forward), CONNECT_S)
        except (OSError, TimeoutError, Unreachable) as error:
            say(f"{forward.origin} → port {forward.port}: {_why(error)}")
            writer.transport.abort()  # the browser sees a reset: nobody is there
            return
        both = _copied(reader, there_writer), _copied(there_reader, writer)
        try:
            await asyncio.gather(*both)
        finally:
            for one in (writer, there_writer):
                one.close()


async def _connected(opened: Door, forward: Forward) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Give a connection to the first address that takes one. Raises OSError, Unreachable."""
    failed: OSError | None = None
    for address in forward.addresses:
        made = opened.unconnected(address)
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, forward.port))
            return await asyncio.open_connection(sock=made, limit=CHUNK)
        except OSError as error:
            made.close()
            failed = failed or error
        except BaseException:
            made.close()
            raise
    raise failed or ConnectionRefusedError


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bring what comes to the other side, as fast as that takes it; its end too. Raises OSError."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {CONNECT_S:g} s"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else str(error)


def _many_files() -> None:
    """Let this process open as many files as it may: a connection is two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
