"""The real `openstack` client, at pinned versions, in an environment of its own: as the plain program, or quickly."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sfcci.environment import EnvironmentSpec

HERE = Path(__file__).parent
PINNED = tuple((HERE / "requirements.txt").read_text().split())
SPEC = EnvironmentSpec("openstack-client", PINNED, ("--no-deps",))
LIMIT_S = 120


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    stdout: str
    stderr: str


class Client:
    """`home` is the folder that its processes see as their home and working directory: nobody else's clouds.yaml."""

    def __init__(self, environment, home):
        self.program, self.home = environment.program("openstack"), home
        self.env = {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", "XDG_CACHE_HOME": str(home)}
        self._driver = subprocess.Popen(
            [environment.python, HERE / "driver.py", self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.env,
            cwd=home,
        )

    def plain(self, *words, **env):
        """Run the plain program, as a user would."""
        ran = subprocess.run(
            [self.program, *words],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env={**self.env, **env},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def quick(self, *words, **env):
        """Run the same program in a fork of an interpreter that has imported it."""
        out, err = self.home / "stdout", self.home / "stderr"
        order = {
            "argv": [str(self.program), *words],
            "env": {**self.env, **env},
            "cwd": str(self.home),
            "stdout": str(out),
            "stderr": str(err),
        }
        self._driver.stdin.write(json.dumps(order) + "\n")
        self._driver.stdin.flush()
        status = self._driver.stdout.readline()
        assert status, "the client's driver ended"
        return Ran(int(status), out.read_text(), err.read_text())

    def close(self):
        """End the driver: it ends by itself when nobody orders anything any more."""
        self._driver.stdin.close()
        self._driver.wait(LIMIT_S)
        self._driver.stdout.close()
