# @ECLASS: cmake-multilib.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @PROVIDES: cmake multilib-minimal
# @BLURB: stand-in that builds with CMake for several ABIs

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_CMAKE_MULTILIB_ECLASS} ]]; then
_CMAKE_MULTILIB_ECLASS=1

inherit cmake multilib-minimal

multilib_src_configure() { cmake_src_configure; }
multilib_src_compile() { cmake_src_compile; }
multilib_src_test() { cmake_src_test; }
multilib_src_install() { cmake_src_install; }

cmake-multilib_src_configure() { multilib-minimal_src_configure; }
cmake-multilib_src_compile() { multilib-minimal_src_compile; }
cmake-multilib_src_test() { multilib-minimal_src_test; }
cmake-multilib_src_install() { multilib-minimal_src_install; }

fi

EXPORT_FUNCTIONS src_configure src_compile src_test src_install
