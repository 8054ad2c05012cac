"""A stand-in for the analyzer: its API on loopback, the page as it is; the topology and the answers are what a test sets."""

import asyncio
import contextlib
import json
import socket

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from sfcci.web import assets, pages_topology, serving
from sfcci.web.answer import as_answer, asset


class Analyzer:
    """`answers`: Gremlin → JSON, or (status, text); what is not there is answered with []."""

    def __init__(self, world):
        self.world, self.answers, self.captures, self.paths = world, {}, {}, {}
        self.asked, self.sent, self.listeners, self.token, self.url = [], [], [], "", ""

    def tell(self, kind, data):
        """Tell all pages that are open."""
        for loop, queue in self.listeners:
            loop.call_soon_threadsafe(queue.put_nowait, (kind, data))

    def tell_nodes(self, *ids):
        nodes = [self.world.nodes[one] for one in ids]
        self.tell("graph", {"whole": False, "nodes": nodes, "edges": [], "gone": []})

    async def stream(self):
        queue = asyncio.Queue()
        self.listeners.append((asyncio.get_running_loop(), queue))
        yield told("graph", self.world.whole()) + told("captures", self.captures)
        while (event := await queue.get()) is not None:
            yield told(*event)

    def refused(self, request):
        return self.token and request.cookies.get("authtoken") != self.token

    async def events(self, request):
        if self.refused(request):
            return PlainTextResponse("", 401)
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def topology(self, request):
        if self.refused(request):
            return PlainTextResponse("", 401)
        query = (await request.json())["GremlinQuery"]
        self.asked.append(query)
        if request.headers["accept"] == "application/vnd.tcpdump.pcap":
            return Response(b"\xa1\xb2\xc3\xd4", media_type="application/vnd.tcpdump.pcap")
        found = self.answers.get(query, [])
        return PlainTextResponse(found[1], found[0]) if isinstance(found, tuple) else JSONResponse(found)

    async def capture(self, request):
        if request.method == "DELETE":
            del self.captures[request.path_params["id"]]
        else:
            body = await request.json()
            if any(one["GremlinQuery"] == body["GremlinQuery"] for one in self.captures.values()):
                return PlainTextResponse("Duplicate capture", 409)
            key = f"c{len(self.captures) + 1}"
            self.captures[key] = {"UUID": key, "Count": 0, **body}
        self.tell("captures", self.captures)
        return JSONResponse({}, 200)

    async def inject(self, request):
        self.sent.append(await request.json())
        return JSONResponse({"UUID": "i1"}, 201)

    async def chain_path(self, request):
        found = self.paths.get(request.path_params["id"])
        return JSONResponse({"paths": found}) if found else PlainTextResponse("no flow has this id", 404)

    async def login(self, request):
        form = (await request.body()).decode()
        if form != "username=admin&password=right":
            return PlainTextResponse("", 401)
        answer = JSONResponse({"Token": self.token})
        answer.set_cookie("authtoken", self.token, httponly=True)
        return answer


def told(kind, data):
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


@contextlib.contextmanager
def served(world):
    analyzer, files = Analyzer(world), assets.own_files()
    pages = {
        **pages_topology.routes(),
        "/static/{name}": lambda request: asset(request.path_params["name"], files),
    }
    app = Starlette(
        routes=[
            *(Route(path, as_answer(endpoint)) for path, endpoint in pages.items()),
            Route("/api/events", analyzer.events),
            Route("/api/status", analyzer.events),
            Route("/api/topology", analyzer.topology, methods=["POST"]),
            Route("/api/capture", analyzer.capture, methods=["POST"]),
            Route("/api/capture/{id}", analyzer.capture, methods=["DELETE"]),
            Route("/api/injectpacket", analyzer.inject, methods=["POST"]),
            Route("/api/chainpath/{id}", analyzer.chain_path),
            Route("/login", analyzer.login, methods=["POST"]),
        ]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener, serving.served(app, listener, "the analyzer"):
        analyzer.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            yield analyzer
        finally:
            for loop, queue in analyzer.listeners:
                loop.call_soon_threadsafe(queue.put_nowait, None)
