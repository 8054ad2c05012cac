# @ECLASS: systemd.eclass
# @MAINTAINER:
# The sfcci developers
# @SUPPORTED_EAPIS: 8
# @BLURB: stand-in that installs units of systemd

case ${EAPI} in
	8) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_SYSTEMD_ECLASS} ]]; then
_SYSTEMD_ECLASS=1

# @FUNCTION: systemd_get_systemunitdir
# @RETURN: the folder of the system's units
# @DESCRIPTION:
# Give the folder of units, with the prefix.
systemd_get_systemunitdir() {
	echo "${EPREFIX}/usr/lib/systemd/system"
}

# @FUNCTION: systemd_dounit
# @USAGE: <unit>...
# @DESCRIPTION:
# Install units under their own names.
systemd_dounit() {
	(
		insopts -m 0644
		insinto /usr/lib/systemd/system
		doins "${@}"
	) || die
}

# @FUNCTION: systemd_newunit
# @USAGE: <file> <unit>
# @DESCRIPTION:
# Install a unit under another name.
systemd_newunit() {
	(
		insopts -m 0644
		insinto /usr/lib/systemd/system
		newins "${@}"
	) || die
}

fi
