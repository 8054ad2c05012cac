"""The program `sfcci`: its groups are imported when they are called, so that help and completion stay fast."""

import contextlib
import os
import signal
import sys
from typing import NoReturn

import click

from sfcci import __version__
from sfcci.cli.late import LateGroup, ReaderGone
from sfcci.errors import EXIT_TOOL, SfcciError

GROUPS = {
    "pipeline": "Run the whole pipeline: package, gate, metric, dashboard, preview.",
    "package": "Render, build and check packages (RPM, Gentoo).",
    "gentoo": "Use the overlay on Gentoo: flags, masks, the entry in repos.conf.",
    "enable": "Switch networking-sfc on in Neutron's configuration, on a controller, a compute node, in devstack.",
    "sfc": "Serve Neutron's API for Service Function Chaining; chains by name, or declared in a file.",
    "lab": "Raise a service function chain with real packets, and look into it.",
    "trace": "Trace real requests along their chains; topology, captures, flows.",
    "gate": "Run the gate's jobs and see what they found.",
    "zuul": "Write the gate's jobs down for CI systems: Zuul, GitHub, GitLab.",
    "metrics": "Push results into Graphite; find metric names.",
    "graphite": "Run a private Graphite.",
    "dashboard": "Validate dashboards, make them from job lists, bring them into Grafana.",
    "preview": "Show the dashboards: on a local page, or in a real Grafana under podman.",
    "doctor": "Say what this machine has, what it lacks, and the command that installs it.",
}
"""Name and help of each command, in the order of the pipeline; its code is `sfcci.cli.<name>.<name>`."""


@click.command(
    cls=LateGroup,
    table={name: (name, line) for name, line in GROUPS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: sfcci pipeline run --serve",
)
@click.version_option(__version__, prog_name="sfcci")
@click.pass_context
def sfcci(ctx: click.Context) -> None:
    """Packages, gate tests, metrics and dashboards for Service Function Chaining.

    Exit status: 0 well, 1 a finding or a failed job, 2 bad input, 3 a step could not run.
    """


def main(command: click.Command = sfcci, name: str | None = None) -> NoReturn:
    """Run a program (`name`: as its help calls it); the one place that turns errors into a message and an exit status."""
    if sys.stdout is None or sys.stderr is None:
        sys.exit(
            EXIT_TOOL
        )  # closed: there is nobody to talk to, and a file opened next would take their place
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        status = command.main(prog_name=name, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        status = 2
    except click.ClickException as error:
        error.show()
        status = 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted; everything that was started has been ended", err=True)
        status = 130
    except click.exceptions.Exit as error:
        status = error.exit_code
    except SfcciError as error:
        click.echo(f"sfcci: {error}", err=True)
        status = error.exit_status
    except (ReaderGone, BrokenPipeError):  # as a program that SIGPIPE ends
        _give_up_output()
        status = 128 + signal.SIGPIPE
    except OSError as error:  # the disk behind standard output is full, for example
        click.echo(f"sfcci: {error}", err=True)
        _give_up_output()
        status = EXIT_TOOL
    sys.exit(status if isinstance(status, int) else 0)


def _give_up_output() -> None:
    """Lead standard output nowhere: what is left in its buffer shall not fail once more when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Ctrl-C and SIGTERM alike: what is waited for is ended, then every block unwinds, so that nothing stays behind.

    Nothing is imported: the signal may have come in the middle of an import, with modules that are half made.
    """
    if interrupt := getattr(sys.modules.get("sfcci.command"), "interrupt", None):
        interrupt()
    raise KeyboardInterrupt
