# @ECLASS: toolchain-funcs.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that names the compilers and asks them for OpenMP

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_TOOLCHAIN_FUNCS_ECLASS} ]]; then
_TOOLCHAIN_FUNCS_ECLASS=1

# @FUNCTION: tc-getCC
# @DESCRIPTION:
# Print the compiler for C.
tc-getCC() {
	echo "${CC:-gcc}"
}

# @FUNCTION: tc-getCXX
# @DESCRIPTION:
# Print the compiler for C++.
tc-getCXX() {
	echo "${CXX:-g++}"
}

# @FUNCTION: tc-export
# @USAGE: <CC or CXX>...
# @DESCRIPTION:
# Export the variables that name compilers.
tc-export() {
	local name
	for name in "${@}"; do
		export "${name}=$("tc-get${name}")"
	done
}

# @FUNCTION: tc-check-openmp
# @DESCRIPTION:
# Die when the compiler for C cannot make OpenMP programs.
tc-check-openmp() {
	local program=${T}/openmp
	printf '#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n' > "${program}.c" || die
	$(tc-getCC) -fopenmp "${program}.c" -o "${program}" || die "$(tc-getCC) knows no OpenMP"
}

fi
