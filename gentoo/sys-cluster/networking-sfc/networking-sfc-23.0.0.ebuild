# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=pbr
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="APIs and implementations to support Service Function Chaining in Neutron"
HOMEPAGE="
	https://docs.openstack.org/networking-sfc/latest/
	https://opendev.org/openstack/networking-sfc
"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	>=dev-python/alembic-0.9.6[${PYTHON_USEDEP}]
	>=dev-python/netaddr-0.7.18[${PYTHON_USEDEP}]
	>=dev-python/neutron-lib-2.19.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-config-8.0.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-i18n-3.20.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-log-4.3.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-messaging-12.4.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-serialization-2.25.0[${PYTHON_USEDEP}]
	>=dev-python/oslo-utils-4.5.0[${PYTHON_USEDEP}]
	>=dev-python/pbr-4.0.0[${PYTHON_USEDEP}]
	>=dev-python/python-neutronclient-10.0.0[${PYTHON_USEDEP}]
	>=dev-python/sqlalchemy-2.0.0[${PYTHON_USEDEP}]
	>=dev-python/stevedore-1.20.0[${PYTHON_USEDEP}]
	>=sys-cluster/neutron-27.0.0_beta1[${PYTHON_USEDEP}]
"
# What generates configuration imports what it describes.
BDEPEND="
	${RDEPEND}
	test? (
		>=dev-python/oslotest-3.2.0[${PYTHON_USEDEP}]
		>=dev-python/psycopg-2.8:2[${PYTHON_USEDEP}]
		>=dev-python/pymysql-0.7.6[${PYTHON_USEDEP}]
		>=dev-python/stestr-2.0.0[${PYTHON_USEDEP}]
		>=dev-python/webob-1.8.2[${PYTHON_USEDEP}]
		>=dev-python/webtest-2.0.27[${PYTHON_USEDEP}]
	)
"

distutils_enable_sphinx doc/source \
	">=dev-python/openstackdocstheme-2.2.1"

distutils_enable_tests unittest

python_prepare_all() {
	# What HTML does not need.
	sed -i "/['\"]sphinxcontrib[.]rsvgconverter['\"]/d" doc/source/conf.py || die
	distutils-r1_python_prepare_all
}

python_compile_all() {
	local -x PYTHONPATH=${BUILD_DIR}/install$(python_get_sitedir)${PYTHONPATH:+:${PYTHONPATH}}
	oslo-config-generator --config-file etc/oslo-config-generator/networking-sfc.conf \
		--output-file "${T}/networking-sfc.conf" || die
	sphinx_compile_all
}

python_test() {
	"${EPYTHON}" -m stestr run || die "Tests failed with ${EPYTHON}"
}

python_install_all() {
	distutils-r1_python_install_all

	insinto /etc/neutron/conf.d/neutron-server
	insopts -m 0640
	doins "${T}/networking-sfc.conf"
}

pkg_postinst() {
	elog "neutron-server reads its configuration when it is started with"
	elog "--config-dir /etc/neutron/conf.d/neutron-server."
	elog "/etc/neutron/conf.d/neutron-server/networking-sfc.conf is for root alone:"
	elog "give it to the group that its service runs as."
}
