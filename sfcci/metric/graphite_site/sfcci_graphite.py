# ruff: noqa: INP001 - run by Graphite's own interpreter, no package here
"""The two processes of the private Graphite: `carbon CONF` and `web PORT [HOST]`; each ends with the process that started it."""

import ctypes
import os
import signal
import sys
import time
import types

PR_SET_PDEATHSIG = 1
"""prctl(2): the kernel sends this process a signal when its parent ends, also by SIGKILL."""

WRITES_EVERY_S = 0.1
"""So soon what came is on the disk: who pushes waits for that."""


def end_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent ends; end at once when it has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def carbon(configuration: str) -> None:
    """Run carbon-cache in the foreground, and let it write what it has soon, and before it ends.

    Its writer sleeps for a second at a time, and forgets what comes in the last one.
    """
    from carbon import util

    run_app = util.runApp

    def run_and_write_the_rest(config: object) -> None:
        from carbon import writer
        from twisted.internet import reactor

        writer.time = types.SimpleNamespace(
            time=time.time, sleep=lambda s: time.sleep(min(s, WRITES_EVERY_S))
        )
        reactor.addSystemEventTrigger("after", "shutdown", writer.writeCachedDataPoints)
        run_app(config)

    util.runApp = run_and_write_the_rest
    sys.argv = ["carbon-cache.py", "--nodaemon", f"--config={configuration}", "start"]
    util.run_twistd_plugin("carbon-cache.py")


def web(port: str, host: str = "127.0.0.1") -> None:
    """Serve graphite-web, on the loopback address unless a container's own network is meant."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "graphite.settings"
    os.environ["GRAPHITE_SETTINGS_MODULE"] = "sfcci_graphite_settings"
    import sfcci_compat  # noqa: F401 - it is in place already, but where Graphite is the distribution's
    import sfcci_grammar
    import waitress
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    sfcci_grammar.install()
    # Grafana's metric search (/metrics/find) asks for a user profile, so the tables must be there.
    call_command("migrate", verbosity=0, run_syncdb=True, interactive=False)
    waitress.serve(application, host=host, port=int(port), threads=4, ident=None, _quiet=True)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    {"carbon": carbon, "web": web}[sys.argv[2]](*sys.argv[3:])
