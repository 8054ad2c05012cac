# @ECLASS: distutils-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @PROVIDES: python-r1
# @BLURB: stand-in that builds Python packages from their wheels (PEP 517)

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
		hatchling) backend=">=dev-python/hatchling-1.27.0" ;;
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
	_DISTUTILS_RUNNER=${1}
	case ${1} in
		pytest) runner="dev-python/pytest[${PYTHON_USEDEP}]" ;;
		unittest|import-check) ;;
		*) die "${FUNCNAME}: ${1} is no test runner that this stand-in knows" ;;
	esac
	IUSE+=" test"
	RESTRICT+=" !test? ( test )"
	if [[ ${runner}${RDEPEND//[[:space:]]} ]]; then
		BDEPEND+=" test? ( ${runner} ${RDEPEND} )"
	fi
}

# @FUNCTION: distutils_enable_sphinx
# @USAGE: <folder> [--no-autodoc | <plugin>...]
# @DESCRIPTION:
# Add the flag doc and what Sphinx needs, and have src_compile build the folder. An ebuild with a python_compile_all of its
# own calls sphinx_compile_all in it.
distutils_enable_sphinx() {
	local plugin wanted=">=dev-python/sphinx-8.1.3[\${PYTHON_USEDEP}]"
	for plugin in "${@:2}"; do
		[[ ${plugin} == --no-autodoc ]] || wanted+=" ${plugin}[\${PYTHON_USEDEP}]"
	done
	_DISTUTILS_SPHINX=${1}
	sphinx_compile_all() {
		use doc || return 0
		build_sphinx "${_DISTUTILS_SPHINX}"
	}
	python_compile_all() { sphinx_compile_all; }
	IUSE+=" doc"
	BDEPEND+=" doc? ( $(python_gen_any_dep "${wanted}") )"
}

# @FUNCTION: distutils-r1_python_prepare_all
# @DESCRIPTION:
# Apply patches; an ebuild's python_prepare_all calls it.
distutils-r1_python_prepare_all() {
	default
	_DISTUTILS_PREPARED=1
}

# @FUNCTION: distutils-r1_python_compile
# @DESCRIPTION:
# Build the wheel with its own back end and unpack it into BUILD_DIR/install.
distutils-r1_python_compile() {
	[[ ${DISTUTILS_USE_PEP517} == no ]] && return
	mkdir -p "${BUILD_DIR}" || die
	"${EPYTHON}" -m gpep517 install-from-source --destdir "${BUILD_DIR}/install" --prefix "${EPREFIX}/usr" \
		--interpreter "${EPREFIX}/usr/bin/${EPYTHON}" --optimize all || die "the wheel was not built"
}

# @FUNCTION: distutils-r1_python_install
# @DESCRIPTION:
# Lay what was built into the image.
distutils-r1_python_install() {
	[[ -d ${BUILD_DIR}/install ]] || return 0
	mkdir -p "${D}" && cp -a "${BUILD_DIR}/install/." "${D}/" || die
}

# @FUNCTION: distutils-r1_python_install_all
# @DESCRIPTION:
# Install documentation; an ebuild's python_install_all calls it.
distutils-r1_python_install_all() {
	einstalldocs
}

# @FUNCTION: _distutils_with_build
# @INTERNAL
# @DESCRIPTION:
# Run a command that finds what was built, before all else that is installed.
_distutils_with_build() {
	local -x PATH=${BUILD_DIR}/install${EPREFIX}/usr/bin:${PATH}
	local -x PYTHONPATH=${BUILD_DIR}/install$(python_get_sitedir)${PYTHONPATH:+:${PYTHONPATH}}
	local -x PYTHONDONTWRITEBYTECODE=1
	"${@}"
}

_distutils_hook() {
	local name=${1}
	if declare -f "${name}" >/dev/null; then
		"${name}"
	elif declare -f "distutils-r1_${name}" >/dev/null; then
		"distutils-r1_${name}"
	fi
}

_distutils_test() {
	if declare -f python_test >/dev/null; then
		_distutils_with_build python_test
	else
		case ${_DISTUTILS_RUNNER} in
			pytest) _distutils_with_build epytest ;;
			unittest) _distutils_with_build eunittest ;;
			import-check) _distutils_with_build "${EPYTHON}" -c "import ${PN//-/_}" || die ;;
		esac
	fi
}

_distutils_last() {
	local base=${S} name
	python_setup
	name=${EPYTHON/./_}
	local BUILD_DIR=${base%%/}-${name}
	_distutils_with_build _distutils_hook "${1}"
}

distutils-r1_src_prepare() {
	_distutils_hook python_prepare_all
	[[ ${_DISTUTILS_PREPARED} ]] || die "python_prepare_all does not call distutils-r1_python_prepare_all"
}

distutils-r1_src_configure() {
	_distutils_hook python_configure_all
}

distutils-r1_src_compile() {
	python_foreach_impl _distutils_hook python_compile
	_distutils_last python_compile_all
}

distutils-r1_src_test() {
	python_foreach_impl _distutils_test
}

distutils-r1_src_install() {
	python_foreach_impl _distutils_hook python_install
	_distutils_last python_install_all
}

fi

EXPORT_FUNCTIONS src_prepare src_configure src_compile src_test src_install
