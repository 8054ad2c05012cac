# @ECLASS: cmake.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that builds with CMake, by ninja or make

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_CMAKE_ECLASS} ]]; then
_CMAKE_ECLASS=1

# @ECLASS_VARIABLE: CMAKE_MAKEFILE_GENERATOR
# @PRE_INHERIT
# @DESCRIPTION:
# What does the work: ninja or emake.
: "${CMAKE_MAKEFILE_GENERATOR:=ninja}"

case ${CMAKE_MAKEFILE_GENERATOR} in
	emake) BDEPEND="dev-build/make" _CMAKE_GENERATOR="Unix Makefiles" ;;
	ninja) BDEPEND="app-alternatives/ninja" _CMAKE_GENERATOR="Ninja" ;;
	*) die "CMAKE_MAKEFILE_GENERATOR=${CMAKE_MAKEFILE_GENERATOR} is neither ninja nor emake" ;;
esac
BDEPEND+=" >=dev-build/cmake-3.28.5"

# @ECLASS_VARIABLE: BUILD_DIR
# @DEFAULT_UNSET
# @DESCRIPTION:
# Where it is built; beside the sources unless it is set.
_cmake_places() {
	: "${CMAKE_USE_DIR:=${S}}"
	: "${BUILD_DIR:=${CMAKE_USE_DIR}_build}"
	mkdir -p "${BUILD_DIR}" || die
}

cmake_src_prepare() {
	pushd "${S}" >/dev/null || die
	default
	popd >/dev/null || die
}

# @FUNCTION: cmake_src_configure
# @DESCRIPTION:
# Configure with the arguments in the array mycmakeargs.
cmake_src_configure() {
	_cmake_places
	cmake -G "${_CMAKE_GENERATOR}" -S "${CMAKE_USE_DIR}" -B "${BUILD_DIR}" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DCMAKE_INSTALL_PREFIX="${EPREFIX}/usr" -DCMAKE_INSTALL_LIBDIR="$(get_libdir)" "${mycmakeargs[@]}" ||
		die "cmake failed"
}

# @FUNCTION: cmake_build
# @USAGE: [<target>...]
# @DESCRIPTION:
# Build targets, all when none is named.
cmake_build() {
	_cmake_places
	cmake --build "${BUILD_DIR}" --parallel "$(nproc)" ${1:+--target "${@}"} || die "the build failed"
}

cmake_src_compile() { cmake_build "${@}"; }

cmake_src_test() {
	_cmake_places
	ctest --test-dir "${BUILD_DIR}" --output-on-failure || die "tests failed"
}

cmake_src_install() {
	_cmake_places
	DESTDIR=${D} cmake --install "${BUILD_DIR}" || die "the installation failed"
	pushd "${S}" >/dev/null || die
	einstalldocs
	popd >/dev/null || die
}

fi

EXPORT_FUNCTIONS src_prepare src_configure src_compile src_test src_install
