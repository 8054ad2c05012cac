# @ECLASS: multilib-minimal.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that builds for several ABIs; of those it knows the machine's own alone

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_MULTILIB_MINIMAL_ECLASS} ]]; then
_MULTILIB_MINIMAL_ECLASS=1

IUSE="abi_x86_32 abi_x86_64"

# @ECLASS_VARIABLE: MULTILIB_USEDEP
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# What a dependency is asked for that must be there for the same ABIs.
MULTILIB_USEDEP="abi_x86_32(-)?,abi_x86_64(-)?"

# @FUNCTION: multilib_is_native_abi
# @DESCRIPTION:
# Say whether the ABI at hand is the machine's own.
multilib_is_native_abi() { true; }

_multilib_run() {
	local -x BUILD_DIR=${WORKDIR}/${S##*/}-native
	mkdir -p "${BUILD_DIR}" || die
	pushd "${BUILD_DIR}" >/dev/null || die
	if declare -f "multilib_${1}" >/dev/null; then
		"multilib_${1}"
	else
		default
	fi
	popd >/dev/null || die
}

multilib-minimal_src_configure() { _multilib_run src_configure; }
multilib-minimal_src_compile() { _multilib_run src_compile; }
multilib-minimal_src_test() { _multilib_run src_test; }

multilib-minimal_src_install() {
	_multilib_run src_install
	if declare -f multilib_src_install_all >/dev/null; then
		pushd "${S}" >/dev/null || die
		multilib_src_install_all
		popd >/dev/null || die
	fi
}

fi

EXPORT_FUNCTIONS src_configure src_compile src_test src_install
