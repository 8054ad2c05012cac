# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=setuptools
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 git-r3

DESCRIPTION="Dashboards for Grafana out of YAML files"
HOMEPAGE="
	https://docs.opendev.org/opendev/grafyaml/latest/
	https://opendev.org/opendev/grafyaml
"
EGIT_REPO_URI="https://opendev.org/opendev/grafyaml"

LICENSE="Apache-2.0"
SLOT="0"

RDEPEND="
	dev-python/dogpile-cache[${PYTHON_USEDEP}]
	!~dev-python/pbr-2.1.0
	>=dev-python/pbr-2.0.0[${PYTHON_USEDEP}]
	dev-python/python-slugify[${PYTHON_USEDEP}]
	>=dev-python/pyyaml-3.1.0[${PYTHON_USEDEP}]
	dev-python/requests[${PYTHON_USEDEP}]
	>=dev-python/six-1.6.0[${PYTHON_USEDEP}]
	>=dev-python/voluptuous-0.13.1[${PYTHON_USEDEP}]
"
BDEPEND="
	!~dev-python/pbr-2.1.0
	>=dev-python/pbr-2.0.0[${PYTHON_USEDEP}]
"

python_install_all() {
	distutils-r1_python_install_all

	insinto /etc/grafyaml
	insopts -m 0640
	doins etc/grafyaml.conf
}
