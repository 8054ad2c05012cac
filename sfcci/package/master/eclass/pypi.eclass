# @ECLASS: pypi.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that gives the address of a release's source archive

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PYPI_ECLASS} ]]; then
_PYPI_ECLASS=1

# @ECLASS_VARIABLE: PYPI_PN
# @PRE_INHERIT
# @DESCRIPTION:
# The project's name on the Python package index.
: "${PYPI_PN:=${PN}}"

# @ECLASS_VARIABLE: PYPI_NO_NORMALIZE
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# Set it for archives that were named before names were normalized.

# @FUNCTION: pypi_translate_version
# @USAGE: <version>
# @RETURN: the version as the index writes it
# @DESCRIPTION:
# Turn a version of an ebuild into one of the index.
pypi_translate_version() {
	local version=${1}
	version=${version/_alpha/a} version=${version/_beta/b} version=${version/_rc/rc}
	version=${version/_pre/.dev} version=${version/_p/.post}
	echo "${version}"
}

# @FUNCTION: pypi_sdist_url
# @USAGE: [--no-normalize] [<project> [<version> [<suffix>]]]
# @RETURN: an address for SRC_URI
# @DESCRIPTION:
# Give the address of a source archive.
pypi_sdist_url() {
	local normal=yes
	[[ ${PYPI_NO_NORMALIZE} ]] && normal=
	if [[ ${1} == --no-normalize ]]; then
		normal=
		shift
	fi
	local project=${1:-${PYPI_PN}} version=${2:-$(pypi_translate_version "${PV}")} suffix=${3:-.tar.gz} name
	name=${project}
	if [[ ${normal} ]]; then
		name=${project//[._-]/_} name=${name,,}
	fi
	echo "mirror://pypi/${project::1}/${project}/${name}-${version}${suffix}"
}

SRC_URI=$(pypi_sdist_url)
S=${SRC_URI##*/}
S=${WORKDIR}/${S%.tar.gz}

fi
