"""Signatures: a key of our own made on request, or the user's; RPMs and repository metadata signed with it, and checked.

gpg works in a throw-away home with a short path (its agent's socket allows no long one), inside namespaces: the agent that it
starts ends with it. A secret key or passphrase is only ever named by the file that holds it.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import command, files
from sfcci.errors import Fault, InputError, Place, ToolError, UsageError
from sfcci.finding import Finding, Severity
from sfcci.package.build import refuse_full_disk, sandbox
from sfcci.package.spec import PACKAGER
from sfcci.settings import Settings

Say = Callable[[str], None]
TIMEOUT_S = 120.0
ALGORITHM = "rsa3072"
"""What rpm verifies everywhere: Enterprise Linux 8 and older know no Ed25519."""
SECRET, PUBLIC = "secret-key.asc", "public-key.asc"
NO_KEY = "error reading key: No secret key"
"""What gpg says when it looked and found none."""
_ITS_WORK = re.compile(r" created$|^Total number processed|^\s+(imported|unchanged|secret keys \w+): ")
_FINGERPRINT = re.compile(r"^fpr:+([0-9A-F]{40}):", re.MULTILINE)
_CHECKED = re.compile(r"^(?P<path>.+?): (?P<answer>[A-Za-z ]+)$", re.MULTILINE)


@dataclass(frozen=True)
class SigningKey:
    """A secret key that gpg can use now."""

    fingerprint: str
    """40 hex digits."""
    public: str
    """The public half, armored."""
    home: Path
    """GNUPGHOME: the user's own, or one of this run."""
    passphrase_file: Path | None = None


def key_folder(settings: Settings) -> Path:
    """Give the folder of the key that is made on request."""
    return settings.state / "signing"


def signing_key(settings: Settings, folder: Path, say: Say = lambda _text: None) -> SigningKey:
    """Give the key that packages are signed with: [rpm] key or key_file, else the one in the state folder, made if need be.

    `folder` is this run's alone, with a short path. Raises UsageError (no such key), InputError (a file that holds none), MissingTool.
    """
    rpm = settings.rpm
    passphrase = _passphrase(rpm.passphrase_file, folder)
    if rpm.key:
        home = Path(os.environ.get("GNUPGHOME") or Path.home() / ".gnupg")
        return _users(home, rpm.key, passphrase)
    if rpm.key_file:
        return _imported(Path(rpm.key_file), _home(folder / "given"), passphrase)
    kept = key_folder(settings)
    with files.locked(kept / "lock"):
        if not (kept / SECRET).exists():
            say(f"making a signing key ({ALGORITHM}) in {kept}")
            _keep(new_key(folder / "new"), kept)
    return _imported(kept / SECRET, _home(folder / "own"))


def origin(settings: Settings) -> str:
    """Say where the key comes from, in a few words."""
    if settings.rpm.key:
        return "from your keyring, as [rpm] key says"
    if settings.rpm.key_file:
        return f"from {settings.rpm.key_file}, as [rpm] key_file says"
    return f"of sfcci's own, in {key_folder(settings)}"


def new_key(home: Path) -> SigningKey:
    """Make a key without a passphrase in a home of its own. Raises MissingTool, ToolError."""
    words = ("--passphrase", "", "--quick-generate-key", PACKAGER, ALGORITHM, "sign", "never")
    _gpg(_home(home), *words)
    found = _secret_key(home, "", None)
    assert found is not None  # noqa: S101 - it was made right above
    return found


def sign_packages(key: SigningKey, rpms: Sequence[Path]) -> None:
    """Sign RPMs in place (rpmsign). Raises ToolError: a passphrase that is wrong or missing, for example; MissingTool."""
    extra = f"--batch --pinentry-mode {_pinentry(key)}"
    if key.passphrase_file:
        extra += f" --passphrase-file {key.passphrase_file}"
    macros = {
        "_gpg_name": key.fingerprint,
        "_gpg_path": key.home,
        "__gpg": command.find("gpg"),
        "_gpg_sign_cmd_extra_args": extra,
    }
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    _run(key.home, [command.find("rpmsign"), *defined, "--addsign", *map(str, rpms)])


def sign_file(key: SigningKey, path: Path) -> None:
    """Write the detached signature of a file beside it, with .asc behind its name."""
    passphrase = ["--passphrase-file", str(key.passphrase_file)] if key.passphrase_file else []
    options = ["--pinentry-mode", _pinentry(key), *passphrase, "--local-user", key.fingerprint]
    _gpg(key.home, *options, "--yes", "--armor", "--detach-sign", str(path))


def signature_findings(public: str, rpms: Sequence[Path], folder: Path) -> tuple[Finding, ...]:
    """Check digests and signatures of RPMs against one public key (rpmkeys); an unsigned one is a finding, too."""
    folder.mkdir(parents=True)
    (folder / "key.asc").write_text(public)
    rpmkeys = [command.find("rpmkeys"), "--define", f"_dbpath {folder}", "--define", "_pkgverify_level all"]
    command.run([*rpmkeys, "--import", folder / "key.asc"], timeout_s=TIMEOUT_S)
    done = command.run([*rpmkeys, "--checksig", *rpms], timeout_s=TIMEOUT_S, check=False)
    return checked_signatures(done.stdout)


def checked_signatures(text: str) -> tuple[Finding, ...]:
    """Give the findings in what `rpmkeys --checksig` printed; it writes what is wrong in capitals."""
    return tuple(
        Finding(
            "SignatureBad",
            Severity.ERROR,
            Place(Path(found["path"]).name),
            f"rpmkeys says {found['answer']!r}: it was changed, or is not signed with the repository's key",
            "sign the repository again: sfcci package repo --sign",
        )
        for found in _CHECKED.finditer(text)
        if "NOT OK" in found["answer"]
    )


def _keep(made: SigningKey, kept: Path) -> None:
    """Write a new key into the state folder; the secret half last, for it says that both are there."""
    kept.chmod(0o700)
    files.write_text(kept / PUBLIC, made.public)
    files.write_text(kept / SECRET, _gpg(made.home, "--armor", "--export-secret-keys"), mode=0o600)


def _users(home: Path, name: str, passphrase: Path | None) -> SigningKey:
    if found := _secret_key(home, name, passphrase):
        return found
    raise UsageError(
        f"[rpm] key: {home} holds no secret key {name!r}; list those that it holds with: gpg --list-secret-keys, "
        "or leave the setting out for a key of sfcci's own"
    )


def _imported(path: Path, home: Path, passphrase: Path | None = None) -> SigningKey:
    """Give the secret key in a file, brought into a home of this run."""
    fault = Fault(Place(str(path)), "holds no secret key", "what gpg --export-secret-keys wrote")
    try:
        path.open("rb").close()
        _gpg(home, "--import", str(path))
    except OSError as error:
        raise InputError(
            Fault(Place(str(path)), f"cannot be read: {error.strerror}", fault.expected)
        ) from None
    except ToolError as error:
        raise InputError(replace(fault, found=f"gpg cannot import it: {_said(error)}")) from None
    found = _secret_key(home, "", passphrase)
    if found is None:
        raise InputError(fault)
    return found


def _secret_key(home: Path, name: str, passphrase: Path | None) -> SigningKey | None:
    """Give the first secret key of that name in a home ("" for any); None when there is none. Raises UsageError: gpg cannot look."""
    try:
        listed = _gpg(home, "--with-colons", "--list-secret-keys", *([name] if name else []))
    except ToolError as error:
        if _said(error) == NO_KEY:
            return None
        raise UsageError(f"gpg cannot look for a secret key in {home}: {_said(error)}") from None
    found = _FINGERPRINT.search(listed)
    if found is None:
        return None
    return SigningKey(found[1], _gpg(home, "--armor", "--export", found[1]), home, passphrase)


def _said(error: ToolError) -> str:
    """What gpg said, on one line, without what it says of its work."""
    lines = [line.removeprefix("gpg: ") for line in error.failure.last_lines]
    telling = [line.strip().rstrip(".") for line in lines if not _ITS_WORK.search(line)]
    return "; ".join(telling) or "it did not say why"


def _passphrase(named: str, folder: Path) -> Path | None:
    """Give a link to the file with the passphrase: the link's path has no letters that rpm's macros stumble over."""
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_file():
        raise InputError(Fault(Place(str(path)), "is no file", "the file that rpm.passphrase_file names"))
    link = folder / "passphrase"
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link


def _pinentry(key: SigningKey) -> str:
    """Nobody is there to ask: a passphrase comes from its file, else from the user's agent that knows it."""
    return "loopback" if key.passphrase_file else "error"


def _home(path: Path) -> Path:
    path.mkdir(parents=True, mode=0o700, exist_ok=True)
    return path


def _gpg(home: Path, *words: str) -> str:
    """Run gpg in a home, never asking. Gives its standard output."""
    return _run(home, [command.find("gpg"), "--homedir", str(home), "--batch", "--no-tty", *words])


def _run(home: Path, argv: Sequence[str]) -> str:
    env = {"HOME": str(home), "PATH": command.search_path(), "LC_ALL": "C.UTF-8", "GNUPGHOME": str(home)}
    words = sandbox()
    done = command.run([*words, *argv], timeout_s=TIMEOUT_S, env=env, check=False)
    if not words and command.available("gpgconf"):  # no namespace that ends its agent
        command.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], timeout_s=TIMEOUT_S, check=False)
    if done.status != 0:
        refuse_full_disk(done.stderr)
        raise ToolError(done.failure())
    return done.stdout
