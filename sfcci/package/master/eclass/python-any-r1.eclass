# @ECLASS: python-any-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @PROVIDES: python-utils-r1
# @BLURB: stand-in for packages that any one Python helps to build

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PYTHON_ANY_R1_ECLASS} ]]; then
_PYTHON_ANY_R1_ECLASS=1

inherit python-utils-r1

# @ECLASS_VARIABLE: PYTHON_DEPS
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# One of the Pythons that PYTHON_COMPAT names.
_python_any() {
	_python_supported
	local name version words=()
	for name in "${_PYTHON_SUPPORTED[@]}"; do
		version=${name#python}
		words=( "dev-lang/python:${version/_/.}" "${words[@]}" )
	done
	PYTHON_DEPS="|| ( ${words[*]} )"
}
_python_any

python-any-r1_pkg_setup() {
	local name
	for name in "${_PYTHON_SUPPORTED[@]}"; do
		type -P "${name/_/.}" >/dev/null && EPYTHON=${name/_/.}
	done
	[[ ${EPYTHON} ]] || die "no Python of this machine is one of ${_PYTHON_SUPPORTED[*]}"
	export EPYTHON PYTHON=$(type -P "${EPYTHON}")
}

fi

EXPORT_FUNCTIONS pkg_setup
