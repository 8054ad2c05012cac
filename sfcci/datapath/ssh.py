"""A lab's hosts by ssh, scp, `ssh -L`, `ssh -D`, sshuttle: an OpenSSH configuration, with keys of the lab's own.

No server waits anywhere. ssh's ProxyCommand (ssh_config(5)) starts an sshd on the host for that connection alone (`sshd -i`,
sshd(8)), which talks on its standard input; what a connection needs of keys lies in the lab, and goes with it.
"""

import os
import pwd
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from sfcci import command, files
from sfcci.datapath.standing import StandingLab, keys_folder
from sfcci.errors import MissingTool, UsageError

FOLDER = "/run/lab/ssh"
"""In the lab: the server's configuration, its key, and whose keys it takes."""
PRIVILEGE_SEPARATION = "/run/sshd"
"""Where an sshd of root shuts in what talks before it is known who that is; it wants the folder empty, and root's."""
LIMIT_S = 30.0
SERVER = f"""\
HostKey {FOLDER}/host_key
AuthorizedKeysFile {FOLDER}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
PidFile none
StrictModes no
UseDNS no
PrintMotd no
LogLevel ERROR
AllowTcpForwarding yes
AllowAgentForwarding no
PermitUserRC no
Subsystem sftp internal-sftp
"""
CLIENT = """\
    User {user}
    IdentityFile {key}
    IdentitiesOnly yes
    IdentityAgent none
    PreferredAuthentications publickey
    HostKeyAlias {alias}
    UserKnownHostsFile {known}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    ForwardAgent no
    LogLevel ERROR
"""


def configuration(state: Path, standing: StandingLab) -> str:
    """Give the OpenSSH configuration of a lab that is up, its keys made.

    Of each host there are two names: its own, and HOST.LAB where several labs are in one file. Raises MissingTool, ToolError.
    """
    folder = keys(state, standing)
    hosts = names(standing)
    alias = f"sfcci-lab-{standing.name}"
    head = f"# Hosts of the lab {standing.name}; ssh -F THIS-FILE HOST. It serves until the lab ends."
    blocks = [_block(host, standing.name, [*program(state), "--name", standing.name, host]) for host in hosts]
    both = " ".join(name for host in hosts for name in (host, f"{host}.{standing.name}"))
    common = CLIENT.format(
        user=_user(standing), key=_quoted(folder / "key"), known=_quoted(folder / "known_hosts"), alias=alias
    )
    return "\n".join([head, *blocks, f"Host {both}", common])


def names(standing: StandingLab) -> list[str]:
    """Give what ssh may go to: a lab's hosts, then its nodes."""
    return [*(host.name for host in standing.lab.topology.hosts), *standing.lab.nodes]


def keys(state: Path, standing: StandingLab) -> Path:
    """Give the folder with a lab's key and known_hosts, made when they are not there. Raises MissingTool, ToolError."""
    folder = keys_folder(state, standing.name)
    inside = Path(f"{standing.lab.keeper.root}{FOLDER}")
    with files.locked(state / "labs" / f"{standing.name}.ssh.lock"):
        if not (inside / "sshd_config").exists():
            _make(folder, inside, standing)
    return folder


def server_words(standing: StandingLab, host: str) -> list[str]:
    """Give the words that serve one connection of a host on standard input. Raises UsageError, MissingTool."""
    if not Path(f"{standing.lab.keeper.root}{FOLDER}/sshd_config").exists():
        raise UsageError(f"lab {standing.name} has no keys yet: sfcci lab ssh-config --name {standing.name}")
    as_user = ["unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]
    prefix = standing.lab.prefix(host)
    told = [f"-oSetEnv={word}" for word in prefix if word.startswith("OVS_RUNDIR=")]  # sshd passes nothing on
    words = [command.find("sshd"), "-i", "-e", "-f", f"{FOLDER}/sshd_config", *told]
    return [*prefix, *(as_user if standing.lab.keeper.user else ()), *words]


def _make(folder: Path, inside: Path, standing: StandingLab) -> None:
    """Make both sides' keys; the server's configuration comes last, for it says that all is there."""
    command.find("sshd")
    files.remove_tree(folder)
    keeper = standing.lab.keeper
    keeper.run(["mkdir", "-p", "-m", "0755", PRIVILEGE_SEPARATION, FOLDER], timeout_s=LIMIT_S)
    with files.disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True)
    for name in ("key", "host_key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"sfcci lab {standing.name}"]
        command.run([*words, "-f", folder / name], timeout_s=LIMIT_S)
    public = (folder / "host_key.pub").read_text()
    files.write_text(folder / "known_hosts", f"sfcci-lab-{standing.name} {public}", mode=0o600)
    files.write_text(inside / "authorized_keys", (folder / "key.pub").read_text(), mode=0o600)
    files.write_text(inside / "host_key", (folder / "host_key").read_text(), mode=0o600)
    (folder / "host_key").unlink()
    files.write_text(inside / "sshd_config", SERVER + _pam(_user(standing)), mode=0o600)


def _pam(account: str) -> str:
    """Without PAM sshd lets nobody in whose password is locked, as root's is on some distributions (shadow(5), "!")."""
    try:
        fields = [line.split(":") for line in Path("/etc/shadow").read_text().splitlines()]
    except OSError:  # sshd of an ordinary user cannot read it either, and takes nobody for locked
        return ""
    locked = {
        name for name, password, *_ in (line for line in fields if len(line) > 1) if password.startswith("!")
    }
    return "UsePAM yes\n" if account in locked else ""


def _user(standing: StandingLab) -> str:
    """Who one is on a host: root in root's lab, oneself in one's own."""
    uid = os.getuid() if standing.lab.keeper.user else 0
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise MissingTool(f"user {uid} has no account here, and sshd lets nobody else in") from None


def _block(host: str, lab: str, words: Iterable[str]) -> str:
    proxy = shlex.join(words).replace("%", "%%")
    return f"Host {host} {host}.{lab}\n    ProxyCommand {proxy}\n"


def _quoted(path: Path) -> str:
    """A path as ssh_config(5) has it: quoted, % doubled."""
    return f'"{path}"'.replace("%", "%%")


def program(state: Path) -> list[str]:
    """Give the words that start this very sfcci with this state folder, from whatever folder ssh runs in."""
    own = [
        "env",
        "SFCCI_PROJECT=/",
        f"SFCCI_RUN_STATE={state.absolute()}",
        sys.executable,
        "-P",
        "-m",
        "sfcci",
    ]
    return [*own, "lab", "ssh-server"]
