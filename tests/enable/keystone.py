"""A Keystone that knows one user and one cloud: tokens and a catalogue, as the Identity API (v3) has them."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSWORD = "s3cret-of-a-test"
SECRET = "secret-of-a-credential"


@contextlib.contextmanager
def running(network):
    """Run it for the block; give its address and the bodies that it was sent. `network`: what its catalogue says."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            status, answer = self.answer(body["auth"]["identity"])
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-Subject-Token", "token-of-a-test")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def answer(self, identity):
            password = identity.get("password", {}).get("user", {}).get("password")
            secret = identity.get("application_credential", {}).get("secret")
            if password != PASSWORD and secret != SECRET:
                return 401, {
                    "error": {"code": 401, "message": "The request you have made requires authentication."}
                }
            public = {"interface": "public", "region": "RegionOne", "url": network}
            admin = {"interface": "admin", "region": "RegionOne", "url": "http://127.0.0.1:1"}
            return 201, {"token": {"catalog": [{"type": "network", "endpoints": [admin, public]}]}}

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v3", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
