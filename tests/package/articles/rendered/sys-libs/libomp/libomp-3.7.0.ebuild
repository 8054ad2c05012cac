# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

inherit cmake-multilib

DESCRIPTION="OpenMP runtime for programs that clang compiles"
HOMEPAGE="https://openmp.llvm.org/"
SRC_URI="https://releases.llvm.org/${PV}/openmp-${PV}.src.tar.xz"
S="${WORKDIR}/openmp-${PV}.src"

LICENSE="UoI-NCSA"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="test"
RESTRICT="!test? ( test )"

BDEPEND="
	test? ( sys-devel/llvm[clang] )
"

PATCHES=(
	"${FILESDIR}/libomp-3.7.0-soname.patch"
)

# Compile and run a program with one thread for each processor: every thread must have its turn.
check_threads() {
	local threads
	threads=$(nproc) || die
	(( threads > 1 )) || threads=2
	cat > "${T}"/threads.c <<-'PROGRAM' || die
		#include <omp.h>
		#include <stdio.h>
		#include <stdlib.h>

		int main(int argc, char **argv)
		{
			int wanted = atoi(argv[argc - 1]), seen = 0, number;
			int *turns = calloc(wanted, sizeof(int));

			#pragma omp parallel num_threads(wanted)
			if (omp_get_thread_num() < wanted)
				turns[omp_get_thread_num()] = 1;
			for (number = 0; number < wanted; number++)
				seen += turns[number];
			printf("%d of %d threads\n", seen, wanted);
			return seen != wanted;
		}
	PROGRAM
	"$@" -fopenmp "${T}"/threads.c -o "${T}"/threads || die "an OpenMP program cannot be compiled"
	"${T}"/threads "${threads}" || die "not every thread had its turn"
}

multilib_src_test() {
	local -x LD_LIBRARY_PATH="${BUILD_DIR}"
	check_threads clang -I"${BUILD_DIR}" -L"${BUILD_DIR}"
}

pkg_postinst() {
	elog "Every thread at work? emerge --config =${CATEGORY}/${PF}"
}

pkg_config() {
	check_threads clang
}
