"""Asks portage which flags a package's versions have, and what masks them; runs in portage's own environment.

`python -I -B use_in_portage.py REQUEST RESULT`: both are JSON files. The request has `atom` and `lines` (atoms of package.use); the
result has `error` (kind, names) or `package`, `portage` (its version), `use_expand`, `visible` (what it would choose, or "") and
`versions`: cpv, repo, slot, iuse, use, masks (kind, text, reason, where), required_use, unmet, lines (numbers of those that match).
portage finds its configuration through PORTAGE_OVERRIDE_EPREFIX.
"""

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import portage
from portage.dep import Atom, check_required_use, match_from_list
from portage.exception import AmbiguousPackageName, InvalidAtom, InvalidDependString
from portage.package.ebuild.getmaskingreason import getmaskingreason
from portage.package.ebuild.getmaskingstatus import _getmaskingstatus


def main(request: str, result: str) -> None:
    """Do what the request says."""
    asked = json.loads(Path(request).read_text())
    database = portage.db[portage.settings["EROOT"]]["porttree"].dbapi
    Path(result).write_text(json.dumps(_answer(asked, database)))


def _answer(asked: dict[str, Any], database: Any) -> dict[str, Any]:
    try:
        atom = portage.dep_expand(asked["atom"], mydb=database, settings=portage.settings)
    except AmbiguousPackageName as error:
        return {"error": {"kind": "ambiguous", "names": sorted(error.args[0])}}
    except InvalidAtom:
        return {"error": {"kind": "invalid", "names": []}}
    if not isinstance(atom, Atom) or atom.blocker or atom.use:
        return {"error": {"kind": "invalid", "names": []}}
    versions = [_version(pkg, asked["lines"], database) for pkg in _packages(atom, database)]
    if not versions:
        return {"error": {"kind": "none", "names": _near(atom, database)}}
    return {
        "package": str(atom.cp),
        "portage": portage.VERSION,
        "use_expand": portage.settings["USE_EXPAND"].split(),
        "visible": str(database.xmatch("bestmatch-visible", atom)),
        "versions": versions,
    }


def _packages(atom: Any, database: Any) -> Iterator[Any]:
    """Give what matches, in order of repositories and versions; the same version once for each repository."""
    for tree in database.porttrees:
        repository = database.getRepositoryName(tree)
        for cpv in database.cp_list(atom.cp, mytree=tree):
            pkg = database._pkg_str(cpv, repository)  # noqa: SLF001 - the one way to a version with slot and repository
            if match_from_list(atom, [pkg]):
                yield pkg


def _version(pkg: Any, lines: list[str], database: Any) -> dict[str, Any]:
    keys = list(database._aux_cache_keys)  # noqa: SLF001 - all that the questions below read
    metadata = dict(zip(keys, database.aux_get(pkg, keys, myrepo=pkg.repo), strict=True))
    settings = portage.config(clone=portage.settings)
    settings.setcpv(pkg, mydb=metadata)
    iuse = {flag.lstrip("+-") for flag in metadata["IUSE"].split()}
    use = set(settings["PORTAGE_USE"].split())
    return {
        "cpv": str(pkg),
        "repo": pkg.repo,
        "slot": str(pkg.slot),
        "iuse": sorted(iuse),
        "use": sorted(use & iuse),
        "masks": [_mask(mask, pkg, settings, database) for mask in _masks(pkg, database)],
        "required_use": " ".join(metadata["REQUIRED_USE"].split()),
        "unmet": _unmet(metadata, use, iuse, settings),
        "lines": [number for number, line in enumerate(lines) if _matches(line, pkg)],
    }


def _masks(pkg: Any, database: Any) -> list[Any]:
    found: list[Any] = _getmaskingstatus(pkg, portage.config(clone=portage.settings), database, pkg.repo)
    return found


def _mask(mask: Any, pkg: Any, settings: Any, database: Any) -> dict[str, str]:
    reason, where = None, None
    if mask.category == "package.mask":
        reason, where = getmaskingreason(
            pkg, settings=settings, portdb=database, return_location=True, myrepo=pkg.repo
        )
    return {"kind": mask.category, "text": mask.message, "reason": reason or "", "where": where or ""}


def _unmet(metadata: dict[str, str], use: set[str], iuse: set[str], settings: Any) -> str:
    """Give what of REQUIRED_USE does not hold, as it stands there; "" when all does."""

    def known(flag: str) -> bool:
        return flag in iuse or bool(settings._iuse_effective_match(flag))  # noqa: SLF001 - flags of the profile

    try:
        held = check_required_use(metadata["REQUIRED_USE"], use, known, eapi=metadata["EAPI"])
    except InvalidDependString as error:
        return str(error)
    return "" if held else str(held.tounicode())


def _matches(line: str, pkg: Any) -> bool:
    try:
        atom = Atom(line, allow_wildcard=True, allow_repo=True)
    except InvalidAtom:
        return False
    return bool(match_from_list(atom, [pkg]))


def _near(atom: Any, database: Any) -> list[str]:
    """Give names like the one that nothing has."""
    names = sorted(database.cp_all())
    return difflib.get_close_matches(str(atom.cp), names, n=3)


if __name__ == "__main__":
    main(*sys.argv[1:])
