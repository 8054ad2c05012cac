# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=pbr
PYPI_PN="oslo.rootwrap"
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="Oslo Rootwrap"
HOMEPAGE="https://docs.openstack.org/oslo.rootwrap/latest/"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	>=dev-python/debtcollector-3.0.0[${PYTHON_USEDEP}]
	>=dev-python/pbr-6.1.1[${PYTHON_USEDEP}]
"
