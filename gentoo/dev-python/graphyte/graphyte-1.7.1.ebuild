# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=setuptools
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="Send metrics to Graphite"
HOMEPAGE="https://github.com/benhoyt/graphyte"

LICENSE="MIT"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

distutils_enable_tests unittest

python_test() {
	"${EPYTHON}" -m unittest --buffer test_graphyte || die "Tests failed with ${EPYTHON}"
}
