# @ECLASS: git-r3.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in for live sources from git: the newest commit of one branch

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_GIT_R3_ECLASS} ]]; then
_GIT_R3_ECLASS=1

PROPERTIES="live"
BDEPEND=">=dev-vcs/git-1.8.2.1"

# @ECLASS_VARIABLE: EGIT_REPO_URI
# @REQUIRED
# @DESCRIPTION:
# Addresses of the repository, the first that answers is taken; a string or an array.

# @ECLASS_VARIABLE: EGIT_BRANCH
# @DEFAULT_UNSET
# @DESCRIPTION:
# The branch; without it, the one that the repository's HEAD names. EGIT_COMMIT names a commit or tag instead.

# @FUNCTION: git-r3_src_unpack
# @DESCRIPTION:
# Clone into S with all of history, for versions are told from tags.
git-r3_src_unpack() {
	local uri found= target=${EGIT_CHECKOUT_DIR:-${WORKDIR}/${P}}
	[[ ${EGIT_REPO_URI[*]} ]] || die "EGIT_REPO_URI is empty"
	for uri in ${EGIT_REPO_URI[*]}; do
		git clone --quiet ${EGIT_BRANCH:+--branch "${EGIT_BRANCH}"} -- "${uri}" "${target}" && { found=1; break; }
	done
	[[ ${found} ]] || die "no address of EGIT_REPO_URI could be cloned: ${EGIT_REPO_URI[*]}"
	if [[ ${EGIT_COMMIT} ]]; then
		git -C "${target}" checkout --quiet "${EGIT_COMMIT}" || die "there is no ${EGIT_COMMIT}"
	fi
	EGIT_VERSION=$(git -C "${target}" rev-parse HEAD) || die
	export EGIT_VERSION
	einfo "${uri} at ${EGIT_VERSION}"
}

fi

EXPORT_FUNCTIONS src_unpack
