# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=setuptools
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1

DESCRIPTION="Back end of paperwork: documents on disk, their text, their index"
HOMEPAGE="https://openpaper.work/"
SRC_URI="https://github.com/openpaperwork/paperwork-backend/archive/${PV}.tar.gz -> ${P}.tar.gz"

LICENSE="GPL-3+"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	app-text/poppler:=[introspection]
	app-text/tesseract
	dev-libs/libxml2:2=
	dev-python/pygobject:3[${PYTHON_USEDEP}]
	dev-python/whoosh[${PYTHON_USEDEP}]
"

distutils_enable_tests pytest
