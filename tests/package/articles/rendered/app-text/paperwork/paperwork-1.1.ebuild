# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=setuptools
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1

DESCRIPTION="Personal document manager: scan, recognize, find again"
HOMEPAGE="https://openpaper.work/"
SRC_URI="https://github.com/openpaperwork/paperwork/archive/${PV}.tar.gz -> ${P}.tar.gz"

LICENSE="GPL-3+"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	~app-text/paperwork-backend-${PV}[${PYTHON_USEDEP}]
	dev-python/pillow[${PYTHON_USEDEP}]
	dev-python/pygobject:3[${PYTHON_USEDEP}]
	x11-libs/gtk+:3[introspection]
	$(python_gen_cond_dep 'dev-python/legacy-cgi[${PYTHON_USEDEP}]' python3_13 python3_14)
"

distutils_enable_tests pytest

pkg_postinst() {
	elog "Words are only recognized in languages whose data app-text/tesseract has (L10N)."
}
