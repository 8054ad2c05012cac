# @ECLASS: git-r3.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in for live sources from git; it fetches nothing

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_GIT_R3_ECLASS} ]]; then
_GIT_R3_ECLASS=1

PROPERTIES="live"
BDEPEND=">=dev-vcs/git-1.8.2.1"

git-r3_src_unpack() { die "a stand-in fetches nothing"; }

fi

EXPORT_FUNCTIONS src_unpack
