# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=flit
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 git-r3 systemd

DESCRIPTION="Packages, gate tests, metrics and dashboards for Service Function Chaining"
HOMEPAGE="https://sfcci.example.org"
EGIT_REPO_URI="https://sfcci.example.org/sfcci.git"

LICENSE="Apache-2.0"
SLOT="0"

RDEPEND="
	>=dev-python/click-8.1[${PYTHON_USEDEP}]
	>=dev-python/grafyaml-0.0.9[${PYTHON_USEDEP}]
	>=dev-python/graphyte-1.7.1[${PYTHON_USEDEP}]
	>=dev-python/jinja2-3.1[${PYTHON_USEDEP}]
	>=dev-python/jsonschema-4.18[${PYTHON_USEDEP}]
	>=dev-python/markdown-it-py-3[${PYTHON_USEDEP}]
	>=dev-python/packaging-24.2[${PYTHON_USEDEP}]
	>=dev-python/platformdirs-3[${PYTHON_USEDEP}]
	>=dev-python/pyyaml-6[${PYTHON_USEDEP}]
	>=dev-python/requests-2.28[${PYTHON_USEDEP}]
	>=dev-python/rich-13[${PYTHON_USEDEP}]
	>=dev-python/sqlalchemy-2.0[${PYTHON_USEDEP}]
	>=dev-python/starlette-0.37[${PYTHON_USEDEP}]
	>=dev-python/unearth-0.15[${PYTHON_USEDEP}]
	>=dev-python/uvicorn-0.27[${PYTHON_USEDEP}]
	>=dev-python/watchfiles-0.21[${PYTHON_USEDEP}]
"

python_install_all() {
	distutils-r1_python_install_all

	insinto /etc/sfcci
	newins packaging/sfcci/settings.toml sfcci.toml

	insinto /etc/sfcci/dashboards
	doins dashboards/sfc-gate.yaml

	systemd_dounit packaging/sfcci/sfcci-preview.service
}
