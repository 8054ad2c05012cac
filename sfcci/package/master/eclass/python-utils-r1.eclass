# @ECLASS: python-utils-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that tells which Python implementations an ebuild names

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PYTHON_UTILS_R1_ECLASS} ]]; then
_PYTHON_UTILS_R1_ECLASS=1

# Implementations that ::gentoo builds for; older ones in PYTHON_COMPAT are retired, newer ones not yet there.
_PYTHON_IMPLS=( python3_12 python3_13 python3_14 )

_python_supported() {
	[[ ${PYTHON_COMPAT@A} == "declare -a"* ]] || die "PYTHON_COMPAT must be an array that stands before inherit"
	local name
	_PYTHON_SUPPORTED=()
	for name in "${PYTHON_COMPAT[@]}"; do
		[[ ${name} =~ ^(python3_[0-9]+t?|pypy3_[0-9]+)$ ]] || die "${name} in PYTHON_COMPAT is no implementation"
		has "${name}" "${_PYTHON_IMPLS[@]}" && _PYTHON_SUPPORTED+=( "${name}" )
	done
	[[ ${_PYTHON_SUPPORTED[*]} ]] || die "PYTHON_COMPAT names no implementation that is still there"
}

fi
