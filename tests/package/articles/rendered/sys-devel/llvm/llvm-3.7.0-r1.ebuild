# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

CMAKE_MAKEFILE_GENERATOR=ninja
PYTHON_COMPAT=( python3_{12..14} )
CHECKREQS_DISK_BUILD="4G"

inherit check-reqs cmake-multilib python-any-r1

DESCRIPTION="Compiler infrastructure: libraries and tools, with clang and lldb on request"
HOMEPAGE="https://llvm.org/"
SRC_URI="
	https://releases.llvm.org/${PV}/${P}.src.tar.xz
	clang? ( https://releases.llvm.org/${PV}/cfe-${PV}.src.tar.xz )
	lldb? ( https://releases.llvm.org/${PV}/lldb-${PV}.src.tar.xz )
"
S="${WORKDIR}/${P}.src"

LICENSE="UoI-NCSA"
SLOT="0/${PV}"
KEYWORDS="~amd64 ~arm64"
IUSE="+clang doc libffi lldb test"
REQUIRED_USE="lldb? ( clang )"
RESTRICT="!test? ( test )"

RDEPEND="
	sys-libs/zlib:0=[${MULTILIB_USEDEP}]
	libffi? ( dev-libs/libffi:0=[${MULTILIB_USEDEP}] )
	lldb? ( sys-libs/ncurses:0= )
	!<sys-devel/clang-${PV}
"
DEPEND="${RDEPEND}"
BDEPEND="
	${PYTHON_DEPS}
	doc? ( dev-python/sphinx )
"
PDEPEND="
	clang? ( =sys-libs/libomp-${PV}*[${MULTILIB_USEDEP}] )
"

PATCHES=(
	"${FILESDIR}/llvm-3.7.0-soversion.patch"
)

pkg_setup() {
	check-reqs_pkg_setup
	python-any-r1_pkg_setup
}

src_unpack() {
	default
	if use clang; then
		mv "${WORKDIR}/cfe-${PV}.src" "${S}/tools/clang" || die
	fi
	if use lldb; then
		mv "${WORKDIR}/lldb-${PV}.src" "${S}/tools/lldb" || die
	fi
}

multilib_src_configure() {
	local libdir=$(get_libdir)
	local mycmakeargs=(
		-DLLVM_APPEND_VC_REV=OFF
		"-DLLVM_LIBDIR_SUFFIX=${libdir#lib}"
		-DLLVM_ENABLE_FFI=$(usex libffi)
		-DLLVM_BUILD_TESTS=$(usex test)
		-DLLVM_ENABLE_SPHINX=$(usex doc)
	)
	cmake_src_configure
}

multilib_src_compile() {
	cmake_src_compile
	if multilib_is_native_abi && use doc; then
		cmake_build docs-llvm-html
	fi
}

multilib_src_install() {
	cmake_src_install
	if multilib_is_native_abi && use doc; then
		docinto html
		dodoc -r docs/html/.
	fi
}

pkg_postinst() {
	elog "OpenMP programs need sys-libs/libomp: clang comes without a runtime for them."
}
