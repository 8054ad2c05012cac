"""The client under its own name on the search path, for scripts, at the speed of the quick way."""

import contextlib
import json
import os
import socketserver
import sys
import threading
from pathlib import Path

PROGRAM = """\
#!{python} -SE
import json, os, socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect({address!r})
own = {{name: value for name, value in os.environ.items() if name.startswith("OS_")}}
asked.sendall(json.dumps([sys.argv[1:], own]).encode())
asked.shutdown(socket.SHUT_WR)
status, stdout, stderr = json.loads(b"".join(iter(lambda: asked.recv(65536), b"")))
sys.stdout.write(stdout)
sys.stderr.write(stderr)
sys.exit(status)
"""


@contextlib.contextmanager
def on_path(client, folder):
    """Give a search path on which `openstack` is this client; it is served for the block."""
    folder.mkdir()
    address, one_at_a_time = str(folder / "socket"), threading.Lock()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            words, own = json.loads(self.rfile.read())
            with one_at_a_time:
                ran = client.quick(*words, **own)
            self.wfile.write(json.dumps([ran.status, ran.stdout, ran.stderr]).encode())

    program = folder / "openstack"
    program.write_text(PROGRAM.format(python=sys.executable, address=address))
    program.chmod(0o755)
    with socketserver.ThreadingUnixStreamServer(address, Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield os.pathsep.join((str(folder), str(Path(sys.executable).parent), os.environ["PATH"]))
        server.shutdown()
        thread.join()
