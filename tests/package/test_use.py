"""Flags, masks and REQUIRED_USE of packages: portage and pkgcore are both asked, and give the same answers."""

import random
from dataclasses import dataclass, field

import pytest

from sfcci import settings as settings_module
from sfcci.errors import InputError, MissingTool, Unreachable, UsageError
from sfcci.package import stand_in, use
from sfcci.package.use_line import long_form, parse_line, short_form

pytestmark = pytest.mark.distro

APACHE = (
    "ssl doc +zlib apache2_modules_alias apache2_modules_dir apache2_modules_proxy apache2_modules_proxy_http"
)
MPMS = "apache2_mpms_event apache2_mpms_prefork"
OFFICE = "java python_single_target_python3_12 python_single_target_python3_13"
ONE_PYTHON = "^^ ( python_single_target_python3_12 python_single_target_python3_13 )"
APACHE_NEEDS = f"apache2_modules_proxy_http? ( apache2_modules_proxy ) ?? ( {MPMS} )"
ALWAYS = "alias dir zlib"
"""What profile and IUSE turn on of APACHE's flags."""


@dataclass(frozen=True)
class Case:
    """A version with lines of configuration that speak of it ({} is its atom), and what both package managers must say."""

    why: str
    use: tuple[str, ...] = ()
    on: str = ""
    """Flags, those of APACHE2_MODULES and APACHE2_MPMS by their values."""
    iuse: str = f"{APACHE} {MPMS}"
    needs: str = ""
    unmet: bool = False
    keywords: str = "amd64"
    license: str = "MIT"
    files: dict[str, str] = field(default_factory=dict)
    """Other files of the configuration → a line."""
    masks: tuple[str, ...] = ()


def office(why, *lines, on, unmet=False):
    return Case(why, lines, on, OFFICE, ONE_PYTHON, unmet)


P12, P13 = "python_single_target_python3_12", "python_single_target_python3_13"
CASES = (
    Case("nothing is said", on=ALWAYS),
    Case(
        "the article's line in the short form",
        ("{} ssl APACHE2_MODULES: proxy proxy_http APACHE2_MPMS: event",),
        f"{ALWAYS} ssl proxy proxy_http event",
        needs=APACHE_NEEDS,
    ),
    Case(
        "the article's line in the long form",
        ("{} ssl apache2_modules_proxy apache2_modules_proxy_http apache2_mpms_event",),
        f"{ALWAYS} ssl proxy proxy_http event",
        needs=APACHE_NEEDS,
    ),
    Case("a variable's name in small letters", ("{} apache2_modules: proxy",), f"{ALWAYS} proxy"),
    Case("a value turned off", ("{} APACHE2_MODULES: -alias",), "dir zlib"),
    Case("a value turned off in the long form", ("{} -apache2_modules_alias",), "dir zlib"),
    Case("a variable only adds", ("{} APACHE2_MODULES: proxy",), f"{ALWAYS} proxy"),
    Case("all of a variable off before", ("{} APACHE2_MODULES: -* proxy",), "proxy zlib"),
    Case("all off", ("{} -* ssl",), "ssl"),
    Case("all off, then a variable", ("{} -* APACHE2_MODULES: proxy",), "proxy"),
    Case("a variable twice", ("{} APACHE2_MODULES: proxy APACHE2_MPMS: event APACHE2_MODULES: -dir",), "alias zlib proxy event"),
    Case("the next line speaks of plain flags again", ("{} APACHE2_MODULES: proxy", "{} ssl"), f"{ALWAYS} proxy ssl"),
    Case("the later of two lines counts", ("{} ssl doc", "{} -ssl"), f"{ALWAYS} doc"),
    Case("a flag of IUSE's own turned off", ("{} -zlib",), "alias dir"),
    Case("a comment behind the flags", ("{} ssl # doc",), f"{ALWAYS} ssl"),
    Case("flags that it does not have", ("{} nothing APACHE2_MODULES: nothing",), ALWAYS),
    Case("words behind a variable are its values", ("{} APACHE2_MODULES: proxy ssl",), f"{ALWAYS} proxy"),
    Case("REQUIRED_USE: a value without the one it needs", ("{} APACHE2_MODULES: proxy_http",), f"{ALWAYS} proxy_http", needs=APACHE_NEEDS, unmet=True),
    Case("REQUIRED_USE: two of at most one", ("{} APACHE2_MPMS: event prefork",), f"{ALWAYS} event prefork", needs=APACHE_NEEDS, unmet=True),
    Case("REQUIRED_USE: one of several", (), ALWAYS, needs="|| ( ssl doc )", unmet=True),
    Case("REQUIRED_USE: a flag that must be off", ("{} ssl",), f"{ALWAYS} ssl", needs="ssl? ( !zlib )", unmet=True),
    Case("REQUIRED_USE: nested, and met", ("{} ssl doc",), f"{ALWAYS} ssl doc", needs="ssl? ( || ( ( doc zlib ) !zlib ) )"),
    office("the profile's Python", on=P13),
    office("one Python more does not replace the profile's", "{} PYTHON_SINGLE_TARGET: python3_12", on=f"{P12} {P13}", unmet=True),
    office("the same in the long form", f"{{}} {P12}", on=f"{P12} {P13}", unmet=True),
    office("-* before it does", "{} java PYTHON_SINGLE_TARGET: -* python3_12", on=f"java {P12}"),
    office("no Python", "{} PYTHON_SINGLE_TARGET: -*", on="", unmet=True),
    office("named off and on", f"{{}} -{P13} {P12}", on=P12),
    Case("a testing keyword", on=ALWAYS, keywords="~amd64", masks=("KEYWORDS",)),
    Case("no keyword", on=ALWAYS, keywords="", masks=("KEYWORDS",)),
    Case("another architecture's", on=ALWAYS, keywords="~arm64", masks=("KEYWORDS",)),
    Case("a testing keyword accepted", on=ALWAYS, keywords="~amd64", files={"package.accept_keywords": "{} ~amd64"}),
    Case("a testing keyword accepted by default", on=ALWAYS, keywords="~amd64", files={"package.accept_keywords": "{}"}),
    Case("no keyword accepted", on=ALWAYS, keywords="", files={"package.accept_keywords": "{} **"}),
    Case("no keyword, a testing one accepted", on=ALWAYS, keywords="", files={"package.accept_keywords": "{} ~amd64"}, masks=("KEYWORDS",)),
    Case("masked by the user", on=ALWAYS, files={"package.mask": "{}"}, masks=("package.mask",)),
    Case("masked by the user, no keyword", on=ALWAYS, keywords="", files={"package.mask": "{}"}, masks=("package.mask", "KEYWORDS")),
    Case("masked and unmasked", on=ALWAYS, files={"package.mask": "{}", "package.unmask": "{}"}),
    Case("masked by the repository", on=ALWAYS, files={"repository": "{}"}, masks=("package.mask",)),
    Case("masked by the repository and unmasked", on=ALWAYS, files={"repository": "{}", "package.unmask": "{}"}),
    Case("a licence that is not accepted", on=ALWAYS, license="Secret", masks=("LICENSE",)),
    Case("a licence accepted for it", on=ALWAYS, license="Secret", files={"package.license": "{} Secret"}),
    Case("one of two licences will do", on=ALWAYS, license="|| ( Secret MIT )"),
    Case("a flag that the profile masks", ("{} forbidden",), "zlib", "forbidden +zlib"),
    Case("a flag that the profile forces", ("{} -forced",), "forced", "forced"),
    Case("a flag of IUSE's own that the profile turns off", (), "", "+quiet"),
)  # fmt: skip


def put(root, texts):
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def ebuild(iuse="", needs="", slot="0", keywords="amd64", licence="MIT"):
    head = 'EAPI=8\nDESCRIPTION="A case"\nHOMEPAGE="https://case.example.org"\n'
    rest = {"LICENSE": licence, "SLOT": slot, "KEYWORDS": keywords, "IUSE": iuse, "REQUIRED_USE": needs}
    return head + "".join(f'{name}="{value}"\n' for name, value in rest.items())


def gentoo(root, ebuilds):
    """A ::gentoo of a test's own: the minimal one's rules with variables as apache has them."""
    texts = dict(stand_in.master_files())
    defaults = texts["profiles/base/make.defaults"]
    texts["profiles/base/make.defaults"] = (
        defaults.replace('USE_EXPAND="', 'USE_EXPAND="APACHE2_MODULES APACHE2_MPMS ', 1)
        + 'APACHE2_MODULES="alias dir"\nUSE="-quiet"\n'
    )
    texts["profiles/base/use.mask"] = "forbidden\n"
    texts["profiles/base/use.force"] = "forced\n"
    texts["profiles/categories"] += "case\nwww-servers\napp-office\n"
    texts["profiles/license_groups"] = "FREE MIT\nEULA Secret\n"
    texts["licenses/Secret"] = "Nobody may.\n"
    return put(root, {**texts, **ebuilds})


def configured(folder, cache, repository):
    environ = {"SFCCI_RUN_STATE": str(folder / "state"), "SFCCI_RUN_CACHE": str(cache)}
    folder.mkdir(exist_ok=True)
    return settings_module.load(folder, {**environ, "SFCCI_GENTOO_REPO": str(repository)})


def asked(given, atom, config=None, tried=()):
    try:
        return use.asked(given, atom, config=config, tried=tried)
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def answers(tmp_path_factory, cache_dir):
    """Every case is a slot of one package, so that one question answers all."""
    root = tmp_path_factory.mktemp("cases")
    files = {"package.use": "", "make.conf": 'ACCEPT_LICENSE="-* @FREE"\n'}
    ebuilds, masked = {}, "# A Developer <developer@example.org> (2026-01-02)\n# It breaks\n# things.\n"
    for number, case in enumerate(CASES):
        atom = f"case/p:{number}"
        ebuilds[f"case/p/p-{number}.ebuild"] = ebuild(
            case.iuse, case.needs, number, case.keywords, case.license
        )
        files["package.use"] += "".join(f"{line.format(atom)}\n" for line in case.use)
        for name, line in case.files.items():
            if name == "repository":
                masked += f"{line.format(atom)}\n"
            else:
                files[name] = files.get(name, "") + f"{line.format(atom)}\n"
    repository = gentoo(root / "gentoo", {**ebuilds, "profiles/package.mask": masked})
    report = asked(configured(root / "project", cache_dir, repository), "case/p", put(root / "config", files))
    return {int(version.slot): version for version in report.answer.versions}, report


def whole(names):
    """Flags by their whole names."""
    plain = {"ssl", "doc", "zlib", "java", "forced", "forbidden", P12, P13}
    mpms = {"event", "prefork"}
    return {n if n in plain else f"apache2_{'mpms' if n in mpms else 'modules'}_{n}" for n in names.split()}


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number].why)
def test_portage_and_pkgcore_agree(answers, number):
    case, (versions, report) = CASES[number], answers
    version = versions[number]
    other = report.answer.others[version.cpv, version.repo]
    assert (version.use, other.use) == (whole(case.on),) * 2
    assert ({mask.kind for mask in version.masks}, other.masks) == ({*case.masks},) * 2
    assert (bool(version.unmet), other.unmet) == (case.unmet,) * 2


def test_no_case_is_a_disagreement(answers):
    _versions, report = answers
    assert [found for found in report.findings if found.keyword == "PackageManagersDisagree"] == []


def test_a_mask_of_the_repository_tells_its_reason_and_the_line_that_lifts_it(answers):
    versions, _report = answers
    number = next(n for n, case in enumerate(CASES) if case.why == "masked by the repository")
    (mask,) = versions[number].masks
    assert mask.reason.endswith("It breaks\nthings.")
    assert mask.where.endswith("profiles/package.mask")
    assert mask.unmasking(versions[number].cpv) == f"package.unmask: =case/p-{number}"


def test_what_of_required_use_does_not_hold_is_named(answers):
    versions, _report = answers
    why = "REQUIRED_USE: two of at most one"
    number = next(n for n, case in enumerate(CASES) if case.why == why)
    assert versions[number].unmet == f"?? ( {MPMS} )"


VALUES = {"APACHE2_MODULES": ("alias", "dir", "proxy"), "APACHE2_MPMS": ("event", "prefork"), "PYTHON_SINGLE_TARGET": ("python3_12", "python3_13")}  # fmt: skip
PLAIN = ("ssl", "doc", "zlib", "java", "apache2_modules_alias", "apache2_mpms_event")
EXPLAINED = {"ContradictoryUse", "WildcardUse", "UseOrder", "PkgcoreDropsLine"}


def made_up_line(chance, atom):
    words = ["-*"] if chance.random() < 0.1 else []
    words += [chance.choice(("", "-")) + flag for flag in chance.sample(PLAIN, chance.randint(1, 3))]
    for name in chance.sample(list(VALUES), chance.randint(0, 3)):
        values = chance.sample(VALUES[name], chance.randint(1, 2))
        words += [f"{name}:", *(["-*"] if chance.random() < 0.4 else [])]
        words += [chance.choice(("", "", "-")) + value for value in values]
    return f"{atom} {' '.join(words)}"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory, cache_dir):
    """Lines by chance (the same each time), as they are and in both forms: 3 slots each, and more lines with other atoms."""
    chance, count = random.Random(23), 12  # noqa: S311 - no secret
    root = tmp_path_factory.mktemp("chance")
    lines, ebuilds = ["*/* doc -zlib", "case/* APACHE2_MPMS: prefork"], {}
    for number in range(3 * count, 4 * count):
        atoms = [
            a.format(n=number)
            for a in ("case/p:{n}", "=case/p-{n}", "~case/p-{n}", "*/p:{n}", "case/p:{n}::gentoo")
        ]
        lines += [made_up_line(chance, atom) for atom in chance.sample(atoms, 2)]
    groups = (*VALUES, "PYTHON_TARGETS")
    for number in range(0, 3 * count, 3):
        written = parse_line(made_up_line(chance, "case/p:N"), None)
        forms = ((written,), long_form([written]), short_form([written], groups))
        lines += [str(one).replace("N ", f"{number + n} ", 1) for n, form in enumerate(forms) for one in form]
    for number in range(4 * count):
        ebuilds[f"case/p/p-{number}.ebuild"] = ebuild(
            f"{APACHE} {MPMS} {OFFICE}", f"{APACHE_NEEDS} {ONE_PYTHON}", number
        )
    config = put(root / "config", {"package.use/10-first": "\n".join(lines)})
    report = asked(
        configured(root / "project", cache_dir, gentoo(root / "gentoo", ebuilds)), "case/p", config
    )
    return report, count


def disagreeing(report):
    return {str(found.place) for found in report.findings if found.keyword == "PackageManagersDisagree"}


def test_package_managers_differ_only_where_a_lint_says_why(made_up):
    report, _count = made_up
    warned = {str(found.place) for found in report.findings if found.keyword in EXPLAINED}
    for version in report.answer.versions:
        places = {str(report.configuration.lines[number].place) for number in version.lines}
        assert str(version) not in disagreeing(report) or places & warned, version
    assert disagreeing(report), "the lines by chance hold cases in which the two differ"


def test_lines_rewritten_long_and_short_give_the_same_flags(made_up):
    report, count = made_up
    use_of = {int(version.slot): version.use for version in report.answer.versions}
    for number in range(0, 3 * count, 3):
        assert use_of[number] == use_of[number + 1] == use_of[number + 2]


def test_a_rewritten_line_is_read_alike_by_both(made_up):
    report, count = made_up
    odd = {version.slot for version in report.answer.versions if str(version) in disagreeing(report)}
    assert not {int(slot) for slot in odd} & {n for n in range(3 * count) if n % 3}


@pytest.fixture(scope="module")
def small(tmp_path_factory, cache_dir):
    """A ::gentoo with the articles' packages, and settings that name it."""
    root = tmp_path_factory.mktemp("small")
    ebuilds = {
        "www-servers/apache/apache-2.4.62.ebuild": ebuild(f"{APACHE} {MPMS}", APACHE_NEEDS),
        "www-servers/apache/apache-9999.ebuild": ebuild(f"{APACHE} {MPMS}", keywords=""),
        "case/apache/apache-1.ebuild": ebuild(keywords="~amd64"),
        "app-office/libreoffice/libreoffice-24.ebuild": ebuild(OFFICE, ONE_PYTHON),
    }
    return configured(root / "project", cache_dir, gentoo(root / "gentoo", ebuilds))


def test_a_single_target_only_adds_and_the_lint_says_how_to_replace_it(small, tmp_path):
    config = put(
        tmp_path / "config",
        {"package.use": "# office\napp-office/libreoffice java PYTHON_SINGLE_TARGET: python3_12\n"},
    )
    report = asked(small, "libreoffice", config)
    lint, unmet = [found for found in report.findings if found.keyword != "PortageConfiguration"]
    assert (lint.keyword, lint.place.line) == ("UseExpandOnlyAdds", 2)
    right = "app-office/libreoffice java PYTHON_SINGLE_TARGET: -* python3_12"
    assert lint.hint.endswith(right)
    assert (unmet.keyword, unmet.severity) == ("RequiredUseUnmet", "error")
    assert asked(small, "libreoffice", tried=(right,)).findings == ()


def test_lines_that_portage_misreads_are_told_with_their_places(small, tmp_path):
    text = (
        "www-servers/apache APACHE2_MODULES: proxy ssl\n"
        "www-servers/apache sll\n"
        "www-servers/apache apache2_mpms_*\n"
        "apache ssl\n"
        "www-servers/apache doc \\\n"
    )
    report = asked(small, "www-servers/apache", put(tmp_path / "config", {"package.use/web": text}))
    told = {(found.keyword, found.place.line) for found in report.findings}
    assert told >= {
        ("UseFlagBehindVariable", 1),
        ("UnknownUse", 2),
        ("WildcardUse", 3),
        ("PkgcoreDropsLine", 3),
        ("PackageUseSyntax", 4),
        ("PackageUseSyntax", 5),
    }
    (unknown,) = [found for found in report.findings if found.keyword == "UnknownUse"]
    assert "ssl" in unknown.hint


def test_a_name_of_several_packages_or_of_none_is_refused_with_the_names(small):
    with pytest.raises(UsageError, match="several packages: case/apache, www-servers/apache"):
        asked(small, "apache")
    with pytest.raises(UsageError, match="did you mean www-servers/apache"):
        asked(small, "www-servers/apach")


@pytest.mark.parametrize("atom", ["", "www-servers/apache[ssl]", "!www-servers/apache", "www-servers/*"])
def test_what_is_no_package_is_refused(small, atom):
    with pytest.raises(UsageError, match="is no package"):
        asked(small, atom)


def test_a_configuration_of_another_machine_is_used_as_far_as_it_goes(small, tmp_path):
    config = put(
        tmp_path / "config",
        {
            "repos.conf/gentoo.conf": "[DEFAULT]\nmain-repo = gentoo\n\n[gentoo]\nlocation = /nowhere/gentoo\n",
            "repos.conf/other.conf": "[other]\nlocation = /nowhere/other\n",
            "make.conf": 'USE="ssl"\nACCEPT_KEYWORDS="~arm64"\n',
            "package.use/.hidden": "www-servers/apache doc\n",
            "package.use/old~": "www-servers/apache doc\n",
            "bashrc": "exit 1\n",
        },
    )
    (config / "make.profile").symlink_to("../../var/db/repos/gentoo/profiles/arm64")
    report = asked(small, "www-servers/apache-2.4.62", config)
    (version,) = report.answer.versions
    assert {"ssl"} == version.use & {"ssl", "doc"}
    assert [mask.text for mask in version.masks] == ["missing keyword"], "the profile is that of arm64"
    (other,) = report.findings
    assert (other.keyword, other.what) == (
        "PortageConfiguration",
        "the repository other is not at /nowhere/other",
    )
    assert not [path for path in config.rglob("*") if path.name in {"md5-cache", "cache"}]


def test_what_cannot_be_read_is_an_error_with_its_place(small, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no configuration of portage"):
        asked(small, "libreoffice", put(tmp_path / "other", {"notes": "x"}))
    with pytest.raises(InputError, match=r"broken/repos\.conf"):
        asked(small, "libreoffice", put(tmp_path / "broken", {"repos.conf": "location\n"}))
    with pytest.raises(InputError, match=r"--try:1: .*has no flag"):
        asked(small, "libreoffice", tried=("app-office/libreoffice",))
    (tmp_path / "latin").mkdir()
    (tmp_path / "latin" / "package.use").write_bytes(b"a/b \xe9\n")
    with pytest.raises(InputError, match=r"package\.use: is not UTF-8 text"):
        asked(small, "libreoffice", tmp_path / "latin")
    monkeypatch.setattr("sfcci.machine.search_path", lambda: "/nonexistent")
    monkeypatch.setattr("sfcci.command.search_path", lambda: "/nonexistent")
    with pytest.raises(MissingTool, match="bash"):
        asked(small, "libreoffice")


def test_nothing_is_written_into_repositories(small):
    assert not list((small.project.parent / "gentoo" / "metadata").rglob("md5-cache"))
