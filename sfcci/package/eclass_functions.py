"""Which eclass of ::gentoo a function comes from, for those that ebuilds forget to inherit (the eclasses' own manuals)."""

import re

FUNCTIONS = {
    "autotools": ("eautoconf", "eautomake", "eautoreconf"),
    "desktop": ("doicon", "domenu", "make_desktop_entry", "newicon", "newmenu"),
    "distutils-r1": ("distutils_enable_sphinx", "distutils_enable_tests"),
    "edo": ("edo", "edob"),
    "flag-o-matic": (
        *("append-cflags", "append-cppflags", "append-cxxflags", "append-flags", "append-ldflags"),
        *("filter-flags", "filter-lto", "replace-flags", "strip-flags"),
    ),
    "multiprocessing": ("get_nproc", "makeopts_jobs"),
    "optfeature": ("optfeature", "optfeature_header"),
    "pypi": ("pypi_sdist_url", "pypi_wheel_url"),
    "python-utils-r1": ("python_doexe", "python_domodule", "python_newscript", "python_optimize"),
    "readme.gentoo-r1": ("readme.gentoo_create_doc", "readme.gentoo_print_elog"),
    "systemd": (
        *("systemd_dounit", "systemd_douserunit", "systemd_enable_service", "systemd_get_systemunitdir"),
        *("systemd_install_serviced", "systemd_newunit", "systemd_newuserunit"),
    ),
    "tmpfiles": ("dotmpfiles", "newtmpfiles", "tmpfiles_process"),
    "toolchain-funcs": (
        *("tc-check-openmp", "tc-export", "tc-getAR", "tc-getCC", "tc-getCXX", "tc-getLD"),
        *("tc-is-clang", "tc-is-cross-compiler", "tc-is-gcc"),
    ),
    "udev": ("get_udevdir", "udev_dorules", "udev_newrules", "udev_reload"),
    "webapp": ("webapp_configfile", "webapp_hook_script", "webapp_postinst_txt", "webapp_serverowned"),
    "wrapper": ("make_wrapper",),
    "xdg-utils": (
        *("xdg_desktop_database_update", "xdg_environment_reset"),
        *("xdg_icon_cache_update", "xdg_mimeinfo_database_update"),
    ),
}
"""Eclass → functions."""
_HOMES = {function: eclass for eclass, functions in FUNCTIONS.items() for function in functions}
PHASE = re.compile(r"(?P<eclass>[a-z][a-z0-9.-]*)_(?:src|pkg)_[a-z]+")
"""A phase that an eclass exports: cmake_src_configure."""


def home(function: str) -> str | None:
    """Give the eclass that a function comes from; None when it is not known as one of an eclass."""
    phase = PHASE.fullmatch(function)
    return _HOMES.get(function) or (phase["eclass"] if phase else None)
