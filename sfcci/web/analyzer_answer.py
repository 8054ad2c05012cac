"""From a request to the analyzer to its answer: who asks, what was sent, and our errors as HTTP's statuses.

The analyzer's work is done in threads of its own: a long question keeps no other waiting.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from sfcci import document
from sfcci.errors import Fault, InputError, Place, SfcciError, UsageError
from sfcci.trace.unanswered import Conflict, NoSuch
from sfcci.web.analyzer_door import REALM, Denied, Door
from sfcci.web.answer import HEADERS, plain

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MOST_OCTETS: Final = 1 << 20
"""The longest document that is taken."""
MOST_FILE: Final = 1 << 30
"""The longest file of packets that is taken; more than IN_MEMORY of it lies on the disk."""
FILES_AT_ONCE: Final = 2
"""Files that are taken in at a time: each has a core, and room on the disk."""
IN_MEMORY: Final = 1 << 22
BODY_S: Final = 60.0
"""How long a document may take to come, and a file to say nothing."""


@dataclass(frozen=True)
class Asked:
    """What an endpoint is told: names of its address, what the document says, the file that was sent."""

    request: "Request"
    given: Any = None
    file: BinaryIO | None = None

    @property
    def id(self) -> str:
        """The name at the end of the address."""
        return str(self.request.path_params.get("id", ""))


Work = Callable[[Asked], "Response"]
Endpoint = Callable[["Request"], Awaitable["Response"]]


def answering(door: Door, work: Work, *, body: str = "", open_to_all: bool = False) -> Endpoint:
    """Give the endpoint that does `work`; `body`: "" none, "document" (JSON or YAML), "file"."""
    taking = asyncio.Semaphore(FILES_AT_ONCE)

    async def endpoint(request: "Request") -> "Response":
        from starlette.concurrency import run_in_threadpool

        async with contextlib.AsyncExitStack() as held:
            try:
                door.check_page(request)
                if not open_to_all:
                    await door.user(request)
                if body == "file":
                    await held.enter_async_context(_turn(taking))
                asked = await _asked(request, body, held)
                response = await run_in_threadpool(partial(answered, work, asked))
            except Denied as error:
                response = denied(error)
            except SfcciError as error:  # what was sent cannot be read
                response = refused(error)
            return with_headers(response)

    return endpoint


@contextlib.asynccontextmanager
async def _turn(taking: asyncio.Semaphore) -> AsyncIterator[None]:
    if taking.locked():
        raise Denied(503, f"{FILES_AT_ONCE} files are being taken in; try again")
    async with taking:
        yield


def answered(work: Work, asked: Asked) -> "Response":
    """Give the work's answer; what it refuses, in words."""
    try:
        return work(asked)
    except SfcciError as error:
        return refused(error)
    except Exception:  # noqa: BLE001 - a fault of ours ends this answer, and is told to the operator
        print(traceback.format_exc(), file=sys.stderr)  # noqa: T201 - as uvicorn would
        return text("the analyzer made a mistake; its output says more", 500)


def refused(error: SfcciError) -> "Response":
    """Give one of our errors: a wrong question 400, 404 or 409, a place that is away 502."""
    if isinstance(error, NoSuch):
        return text(str(error), 404)
    if isinstance(error, Conflict):
        return text(str(error), 409)
    return text(str(error), 400 if isinstance(error, InputError | UsageError) else 502)


def denied(error: Denied, *, challenge: bool = True) -> "Response":
    """Give the refusal of whoever asks; `challenge`: a browser asks for a password then."""
    response = text(error.message, error.status)
    if challenge and error.status == 401:  # noqa: PLR2004 - HTTP's
        response.headers["WWW-Authenticate"] = REALM
    return response


def text(message: str, status: int = 200) -> "Response":
    """Give a text."""
    from starlette.responses import Response

    return Response(message + "\n", status, media_type="text/plain; charset=utf-8")


def answer_json(value: Any, status: int = 200) -> "Response":
    """Give JSON; what JSON does not know becomes text, infinity null."""
    from starlette.responses import Response

    try:
        body = json.dumps(value, allow_nan=False, separators=(",", ":"), default=str)
    except ValueError:
        body = json.dumps(plain(value), separators=(",", ":"), default=str)
    return Response(body, status, media_type="application/json")


def with_headers(response: "Response") -> "Response":
    """Add the headers that all answers carry."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _asked(request: "Request", body: str, held: contextlib.AsyncExitStack) -> Asked:
    if body == "document":
        return Asked(request, _document(request, await whole_body(request, MOST_OCTETS)))
    if body == "file":
        file = held.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - held as long as it is read
        await _into(request, file)
        return Asked(request, file=cast("BinaryIO", file))
    return Asked(request)


async def whole_body(request: "Request", most: int) -> bytes:
    """Give what was sent, at most so many octets. Raises Denied."""
    parts, octets = list[bytes](), 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                octets += len(part)
                if octets > most:
                    raise Denied(413, f"the body is longer than {most} octets")
                parts.append(part)
    except TimeoutError:
        raise Denied(408, f"the body took longer than {BODY_S:g} s to come") from None
    return b"".join(parts)


async def _into(request: "Request", file: Any) -> None:
    from starlette.concurrency import run_in_threadpool

    octets, parts = 0, request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(BODY_S):
                part = await anext(parts)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise Denied(408, f"nothing came for {BODY_S:g} s") from None
        octets += len(part)
        if octets > MOST_FILE:
            raise Denied(413, f"the file is longer than {MOST_FILE} octets")
        try:
            await run_in_threadpool(file.write, part)
        except OSError as error:
            raise Denied(507, f"the file cannot be kept: {error.strerror}") from None
    file.seek(0)


def _document(request: "Request", body: bytes) -> Any:
    """Read JSON, or YAML when the request says so. Raises InputError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    name = "body.yaml" if kind in {"application/yaml", "application/x-yaml", "text/yaml"} else "body.json"
    try:
        sent = body.decode()
    except UnicodeDecodeError as error:
        raise InputError(Fault(Place("body"), f"octet {error.start} is no UTF-8")) from None
    return document.parse(sent, name).data if sent.strip() else {}


def mapping(given: Any) -> Mapping[str, Any]:
    """Give a document that has to be an object. Raises InputError."""
    if not isinstance(given, dict):
        raise InputError(Fault(Place("body"), f"is {given!r}"[:80], "an object"))
    return given
