# @ECLASS: python-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @PROVIDES: python-utils-r1
# @BLURB: stand-in that gives the flags and dependencies of packages for several Pythons

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PYTHON_R1_ECLASS} ]]; then
_PYTHON_R1_ECLASS=1

inherit python-utils-r1

_python_flags() {
	_python_supported
	local flags=( "${_PYTHON_SUPPORTED[@]/#/python_targets_}" ) flag version
	IUSE=${flags[*]}
	PYTHON_REQUIRED_USE="|| ( ${flags[*]} )"
	PYTHON_USEDEP= PYTHON_DEPS=
	for flag in "${flags[@]}"; do
		version=${flag#python_targets_python}
		PYTHON_USEDEP+="${PYTHON_USEDEP:+,}${flag}(-)?"
		PYTHON_DEPS+="${PYTHON_DEPS:+ }${flag}? ( dev-lang/python:${version/_/.} )"
	done
}
_python_flags

# @FUNCTION: python_foreach_impl
# @USAGE: <command> [<argument>...]
# @DESCRIPTION:
# Run a command for each implementation whose flag is set, with EPYTHON, PYTHON and a BUILD_DIR of its own.
python_foreach_impl() {
	local name found= base=${BUILD_DIR:-${S}}
	for name in "${_PYTHON_SUPPORTED[@]}"; do
		use "python_targets_${name}" || continue
		found=1
		local BUILD_DIR=${base%%/}-${name}
		_python_select "${name}"
		einfo "${EPYTHON}: ${1}"
		"${@}" || die "${1} failed with ${EPYTHON}"
	done
	[[ ${found} ]] || die "no implementation is chosen (PYTHON_TARGETS)"
}

# @FUNCTION: python_setup
# @DESCRIPTION:
# Set EPYTHON and PYTHON for the newest implementation whose flag is set.
python_setup() {
	local name chosen=
	for name in "${_PYTHON_SUPPORTED[@]}"; do
		use "python_targets_${name}" && chosen=${name}
	done
	[[ ${chosen} ]] || die "no implementation is chosen (PYTHON_TARGETS)"
	_python_select "${chosen}"
}

# @FUNCTION: python_gen_any_dep
# @USAGE: <dependency-block>
# @DESCRIPTION:
# Repeat the block for each implementation and ask for one of them; ${PYTHON_USEDEP} inside is that implementation.
python_gen_any_dep() {
	local name version
	echo "|| ("
	for name in "${_PYTHON_SUPPORTED[@]}"; do
		version=${name#python}
		echo "( dev-lang/python:${version/_/.} ${1//\$\{PYTHON_USEDEP\}/python_targets_${name}(-)} )"
	done
	echo ")"
}

# @FUNCTION: python_gen_cond_dep
# @USAGE: <dependency-block> <implementation>...
# @DESCRIPTION:
# Repeat the block for each of the named implementations that the package supports, under its flag.
python_gen_cond_dep() {
	local name
	for name in "${@:2}"; do
		has "${name}" "${_PYTHON_SUPPORTED[@]}" || continue
		echo "python_targets_${name}? ( ${1//\$\{PYTHON_USEDEP\}/python_targets_${name}(-)} )"
	done
}

fi
