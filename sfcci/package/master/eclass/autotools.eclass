# @ECLASS: autotools.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that makes configure from configure.ac

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_AUTOTOOLS_ECLASS} ]]; then
_AUTOTOOLS_ECLASS=1

BDEPEND=">=dev-build/autoconf-2.71 >=dev-build/automake-1.16.5"

# @FUNCTION: eautoreconf
# @DESCRIPTION:
# Run autoreconf. Where the machine has none, a configure that came with the sources is kept.
eautoreconf() {
	if type -P autoreconf >/dev/null; then
		autoreconf --force --install || die "autoreconf failed"
	elif [[ -x configure ]]; then
		ewarn "autoreconf is not there: the configure of the sources is used"
	else
		die "autoreconf is not there, and the sources have no configure"
	fi
}

fi
