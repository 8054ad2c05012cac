# @ECLASS: webapp.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in for applications of web servers: lays them out and lists what webapp-config would be told

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_WEBAPP_ECLASS} ]]; then
_WEBAPP_ECLASS=1

IUSE="vhosts"
SLOT=${PVR}
DEPEND=">=app-admin/webapp-config-1.50.15"
RDEPEND=${DEPEND}

_webapp_list() {
	local list=${ED}${MY_APPDIR}/${1} path
	for path in "${@:2}"; do
		[[ -e ${ED}${path} ]] || die "${path} is not in the image"
		echo "${path#"${MY_APPDIR}/"}" >> "${list}" || die
	done
}

webapp_pkg_setup() {
	MY_APPDIR=/usr/share/webapps/${PN}/${PVR}
	MY_HTDOCSDIR=${MY_APPDIR}/htdocs
}

# @FUNCTION: webapp_src_preinst
# @DESCRIPTION:
# Make the application's folders; src_install begins with it.
webapp_src_preinst() {
	[[ ${MY_APPDIR} ]] || die "pkg_setup does not call webapp_pkg_setup"
	dodir "${MY_HTDOCSDIR}"
}

# @FUNCTION: webapp_serverowned
# @USAGE: [-R] <path>...
# @DESCRIPTION:
# List what the web server shall own; with -R all that is below it, too.
webapp_serverowned() {
	local path
	if [[ ${1} == -R ]]; then
		for path in "${@:2}"; do
			while IFS= read -r -d "" path; do
				_webapp_list server-owned "${path#"${ED}"}"
			done < <(find "${ED}${path}" -print0)
		done
	else
		_webapp_list server-owned "${@}"
	fi
}

# @FUNCTION: webapp_configfile
# @USAGE: <path>...
# @DESCRIPTION:
# List files whose changes outlive an upgrade.
webapp_configfile() {
	_webapp_list config-files "${@}"
}

# @FUNCTION: webapp_postinst_txt
# @USAGE: <language> <file>
# @DESCRIPTION:
# Install what webapp-config prints after an installation.
webapp_postinst_txt() {
	cp "${2}" "${ED}${MY_APPDIR}/postinst-${1}.txt" || die
}

# @FUNCTION: webapp_src_install
# @DESCRIPTION:
# Take the powers of other users away; src_install ends with it.
webapp_src_install() {
	chmod -R u-s,g-s "${ED}${MY_APPDIR}" || die
}

webapp_pkg_postinst() {
	elog "To install it for a host: webapp-config -h HOST -d ${PN} -I ${PN} ${PVR}"
}

webapp_pkg_prerm() { :; }

fi

EXPORT_FUNCTIONS pkg_postinst pkg_setup src_install pkg_prerm
