"""Asks pkgcore what `use_in_portage` asks portage; runs in pkgcheck's environment.

`python -I -B use_in_pkgcore.py CONFIG REQUEST RESULT`: CONFIG is a folder like /etc/portage, the others are JSON files. The request
has `package` (category/name); the result has `pkgcore` (its version), `refused` (what pkgcore says of the configuration) and
`versions`: cpv, repo, use, masks (kinds), unmet (parts of REQUIRED_USE). Nothing is written into a repository.
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from pkgcore.config import load_config
from pkgcore.ebuild.atom import atom
from pkgcore.package.errors import MetadataException

KINDS = ("KEYWORDS", "LICENSE")
"""What the domain's filters ask, in their order."""


class Sayings(logging.Handler):
    """Keeps the warnings of pkgcore."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one."""
        self.texts.append(record.getMessage())


def main(config: str, request: str, result: str) -> None:
    """Do what the request says."""
    import pkgcore

    asked = json.loads(Path(request).read_text())
    sayings = Sayings()
    logging.getLogger("pkgcore").addHandler(sayings)
    domain = load_config(location=config).get_default("domain")
    for repository in domain.source_repos_raw:
        for cache in repository.cache:
            cache.readonly = True
    versions = [
        answer
        for repository in domain.ebuild_repos_unfiltered
        for answer in _versions(asked["package"], repository, domain)
    ]
    answer = {"pkgcore": pkgcore.__version__, "refused": sayings.texts, "versions": versions}
    Path(result).write_text(json.dumps(answer))


def _versions(package: str, repository: Any, domain: Any) -> list[dict[str, Any]]:
    open_to = domain.filter_repo(repository, pkg_filters=())
    filters = domain._pkg_filters()  # noqa: SLF001 - the one way to tell a keyword's mask from a licence's
    return [_version(pkg, open_to, filters) for pkg in repository.itermatch(atom(package))]


def _version(pkg: Any, open_to: Any, filters: Any) -> dict[str, Any]:
    answer = {"cpv": pkg.cpvstr, "repo": pkg.repo.repo_id}
    try:
        masks = [] if open_to.restrict.match(pkg) else ["package.mask"]
        masks += [kind for kind, passes in zip(KINDS, filters, strict=False) if not passes.match(pkg)]
        unmet = [str(part) for part in pkg.required_use if not part.match(pkg.use)]
        use = sorted(pkg.use & pkg.iuse_stripped)
    except MetadataException as error:
        return {**answer, "use": [], "masks": ["corruption"], "unmet": [], "error": str(error)}
    return {**answer, "use": use, "masks": masks, "unmet": unmet}


if __name__ == "__main__":
    main(*sys.argv[1:])
