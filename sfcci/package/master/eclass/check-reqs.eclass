# @ECLASS: check-reqs.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that looks whether a build has the room it takes

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_CHECK_REQS_ECLASS} ]]; then
_CHECK_REQS_ECLASS=1

# @ECLASS_VARIABLE: CHECKREQS_DISK_BUILD
# @DEFAULT_UNSET
# @DESCRIPTION:
# The room that a build takes, as in 512M or 4G.

_check-reqs_room() {
	[[ ${MERGE_TYPE} == binary || -z ${CHECKREQS_DISK_BUILD} ]] && return
	local wanted free
	wanted=$(numfmt --from=iec "${CHECKREQS_DISK_BUILD}") || die "CHECKREQS_DISK_BUILD=${CHECKREQS_DISK_BUILD} is no size"
	free=$(df --output=avail --block-size=1 "${T}" | tail -n 1) || die
	(( free >= wanted )) || die "${T} has ${free} octets left, and the build takes ${CHECKREQS_DISK_BUILD}"
}

check-reqs_pkg_pretend() { _check-reqs_room; }
check-reqs_pkg_setup() { _check-reqs_room; }

fi

EXPORT_FUNCTIONS pkg_pretend pkg_setup
