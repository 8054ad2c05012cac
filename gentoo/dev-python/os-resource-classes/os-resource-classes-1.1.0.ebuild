# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=setuptools
PYPI_NO_NORMALIZE=1
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="Resource Classes for OpenStack"
HOMEPAGE="https://docs.openstack.org/os-resource-classes/latest/"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	>=dev-python/pbr-2.0[${PYTHON_USEDEP}]
"
BDEPEND="
	>=dev-python/pbr-2.0[${PYTHON_USEDEP}]
"
