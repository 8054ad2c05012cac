# @ECLASS: python-utils-r1.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in for what builds with any Python: which implementations there are, tests, documentation

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PYTHON_UTILS_R1_ECLASS} ]]; then
_PYTHON_UTILS_R1_ECLASS=1

# Implementations that ::gentoo builds for; older ones in PYTHON_COMPAT are retired, newer ones not yet there.
_PYTHON_IMPLS=( python3_12 python3_13 python3_14 )

_python_supported() {
	[[ ${PYTHON_COMPAT@A} == "declare -a"* ]] || die "PYTHON_COMPAT must be an array that stands before inherit"
	local name
	_PYTHON_SUPPORTED=()
	for name in "${PYTHON_COMPAT[@]}"; do
		[[ ${name} =~ ^(python3_[0-9]+t?|pypy3_[0-9]+)$ ]] || die "${name} in PYTHON_COMPAT is no implementation"
		has "${name}" "${_PYTHON_IMPLS[@]}" && _PYTHON_SUPPORTED+=( "${name}" )
	done
	[[ ${_PYTHON_SUPPORTED[*]} ]] || die "PYTHON_COMPAT names no implementation that is still there"
}

# @FUNCTION: _python_select
# @USAGE: <implementation>
# @INTERNAL
# @DESCRIPTION:
# Set EPYTHON and PYTHON for an implementation, as in python3_13.
_python_select() {
	export EPYTHON=${1/_/.}
	PYTHON=$(type -P "${EPYTHON}") || die "${EPYTHON} is not in PATH"
	export PYTHON
}

# @FUNCTION: python_get_sitedir
# @USAGE: [<implementation>]
# @DESCRIPTION:
# Print the folder that modules of EPYTHON (or of the implementation) are installed into, prefix included.
python_get_sitedir() {
	local EPYTHON=${EPYTHON} PYTHON=${PYTHON}
	[[ ${1} ]] && _python_select "${1}"
	"${PYTHON}" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' || die
}

# @FUNCTION: python_get_scriptdir
# @DESCRIPTION:
# Print the folder that programs are installed into, prefix included.
python_get_scriptdir() {
	echo "${EPREFIX}/usr/bin"
}

# @FUNCTION: python_domodule
# @USAGE: <file or folder>...
# @DESCRIPTION:
# Install modules for EPYTHON.
python_domodule() {
	local target
	target=$(python_get_sitedir)
	insinto "${target#"${EPREFIX}"}"
	doins -r "${@}"
	python_optimize "${D}${target}"
}

# @FUNCTION: python_optimize
# @USAGE: [<folder>...]
# @DESCRIPTION:
# Compile modules below the folders, which lie in the image.
python_optimize() {
	local folder folders=( "${@}" )
	[[ ${folders[*]} ]] || folders=( "${D}$(python_get_sitedir)" )
	for folder in "${folders[@]}"; do
		"${PYTHON}" -m compileall -q -f -o 0 -o 1 -o 2 -s "${D}" -p / "${folder}" || die
	done
}

# @FUNCTION: python_fix_shebang
# @USAGE: <file>...
# @DESCRIPTION:
# Have scripts start with EPYTHON.
python_fix_shebang() {
	sed -i "1s|^#!.*python.*$|#!${EPREFIX}/usr/bin/${EPYTHON}|" "${@}" || die
}

# @FUNCTION: epytest
# @USAGE: [<argument>...]
# @DESCRIPTION:
# Run pytest; EPYTEST_PLUGINS (an array, also an empty one) names the plug-ins that are loaded, EPYTEST_IGNORE and
# EPYTEST_DESELECT name what is left out.
epytest() {
	local name arguments=( -vv -ra -p no:cacheprovider )
	if [[ ${EPYTEST_PLUGINS@A} == "declare -a"* ]]; then
		local -x PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
		for name in "${EPYTEST_PLUGINS[@]}"; do
			name=${name#pytest-} arguments+=( -p "pytest_${name//-/_}" )
		done
	fi
	for name in "${EPYTEST_IGNORE[@]}"; do arguments+=( --ignore "${name}" ); done
	for name in "${EPYTEST_DESELECT[@]}"; do arguments+=( --deselect "${name}" ); done
	"${EPYTHON}" -m pytest "${arguments[@]}" "${@}" || die "pytest failed with ${EPYTHON}"
}

# @FUNCTION: eunittest
# @USAGE: [<argument>...]
# @DESCRIPTION:
# Run unittest's discovery. Python 3.12 and later fail where it finds nothing.
eunittest() {
	"${EPYTHON}" -m unittest discover -v "${@}" || die "unittest failed with ${EPYTHON}"
}

# @FUNCTION: build_sphinx
# @USAGE: <folder>
# @DESCRIPTION:
# Build the documentation with Sphinx; einstalldocs will install it. Other projects' inventories are not asked for.
build_sphinx() {
	sed -i -e 's:^intersphinx_mapping:disabled_&:' "${1}/conf.py" || die
	"${EPYTHON}" -m sphinx.cmd.build -b html -d "${T}/doctrees" "${1}" "${1}/_build/html" || die "Sphinx failed"
	HTML_DOCS+=( "${1}/_build/html/." )
}

fi
