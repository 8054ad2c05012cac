# @ECLASS: distutils-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @PROVIDES: python-r1
# @BLURB: stand-in that gives what a Python package needs to be built; it builds nothing

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_DISTUTILS_R1_ECLASS} ]]; then
_DISTUTILS_R1_ECLASS=1

inherit python-r1

_distutils_dependencies() {
	local backend
	case ${DISTUTILS_USE_PEP517} in
		flit) backend=">=dev-python/flit-core-3.11.0" ;;
		pbr) backend=">=dev-python/pbr-6.1.1" ;;
		setuptools) backend=">=dev-python/setuptools-78.1.0" ;;
		no|standalone) ;;
		*) die "DISTUTILS_USE_PEP517=${DISTUTILS_USE_PEP517} is no build back end that this stand-in knows" ;;
	esac
	RDEPEND=${PYTHON_DEPS}
	BDEPEND="${PYTHON_DEPS} >=dev-python/gpep517-16[${PYTHON_USEDEP}] ${backend:+${backend}[${PYTHON_USEDEP}]}"
	REQUIRED_USE=${PYTHON_REQUIRED_USE}
}
_distutils_dependencies

# @FUNCTION: distutils_enable_tests
# @USAGE: <runner>
# @DESCRIPTION:
# Add the flag test and what the runner needs.
distutils_enable_tests() {
	local runner
	case ${1} in
		pytest) runner="dev-python/pytest[${PYTHON_USEDEP}]" ;;
		unittest|import-check) ;;
		*) die "${FUNCNAME}: ${1} is no test runner that this stand-in knows" ;;
	esac
	IUSE+=" test"
	RESTRICT+=" !test? ( test )"
	BDEPEND+=" test? ( ${runner} ${RDEPEND} )"
}

# @FUNCTION: distutils_enable_sphinx
# @USAGE: <folder> [--no-autodoc | <plugin>...]
# @DESCRIPTION:
# Add the flag doc and what Sphinx needs.
distutils_enable_sphinx() {
	local plugin wanted=">=dev-python/sphinx-8.1.3[\${PYTHON_USEDEP}]"
	for plugin in "${@:2}"; do
		[[ ${plugin} == --no-autodoc ]] || wanted+=" ${plugin}[\${PYTHON_USEDEP}]"
	done
	IUSE+=" doc"
	BDEPEND+=" doc? ( $(python_gen_any_dep "${wanted}") )"
}

distutils-r1_src_prepare() { die "a stand-in builds nothing"; }
distutils-r1_src_compile() { die "a stand-in builds nothing"; }
distutils-r1_src_test() { die "a stand-in builds nothing"; }
distutils-r1_src_install() { die "a stand-in builds nothing"; }

fi

EXPORT_FUNCTIONS src_prepare src_compile src_test src_install
