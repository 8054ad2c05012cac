# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

inherit webapp

DESCRIPTION="Keeps files, calendars and contacts on a server of one's own"
HOMEPAGE="https://nextcloud.com/"
SRC_URI="https://download.nextcloud.com/server/releases/${P}.tar.bz2"
S="${WORKDIR}/${PN}"

LICENSE="AGPL-3"
KEYWORDS="~amd64 ~arm64"
IUSE="+curl +imagemagick mysql postgres +sqlite"
REQUIRED_USE="|| ( mysql postgres sqlite )"

RDEPEND="
	dev-lang/php[curl?,filter,gd,intl,mysql?,pdo,posix,postgres?,session,simplexml,sqlite?,truetype,xmlreader,xmlwriter,zip]
	virtual/httpd-php
	imagemagick? ( dev-php/pecl-imagick )
"

pkg_setup() {
	webapp_pkg_setup
}

src_install() {
	webapp_src_preinst

	insinto "${MY_HTDOCSDIR}"
	doins -r .
	keepdir "${MY_HTDOCSDIR}"/data

	webapp_serverowned -R "${MY_HTDOCSDIR}"/apps
	webapp_serverowned -R "${MY_HTDOCSDIR}"/config
	webapp_serverowned -R "${MY_HTDOCSDIR}"/data
	webapp_configfile "${MY_HTDOCSDIR}"/.htaccess

	webapp_src_install
}

pkg_postinst() {
	elog "Nextcloud can take the data of ownCloud over:"
	elog "  emerge --config =${CATEGORY}/${PF}"
	webapp_pkg_postinst
}

# Spell a path as it stands between single quotes in PHP.
php_quoted() {
	local text=${1//\\/\\\\}
	printf "%s" "${text//\'/\\\'}"
}

# Take the data of ownCloud over: copied, never moved; nothing of ownCloud is touched.
pkg_config() {
	local old=${OWNCLOUD_DIR} new=${NEXTCLOUD_DIR}
	[[ ${old} ]] || IFS= read -r -p "Folder of ownCloud, as in /var/www/localhost/htdocs/owncloud: " old
	[[ ${new} ]] || IFS= read -r -p "Folder of Nextcloud, as in /var/www/localhost/htdocs/${PN}: " new
	old=${old%/} new=${new%/}
	if [[ ${old} != /* || ${new} != /* ]]; then
		eerror "Answer both questions, or have /etc/portage/env/${CATEGORY}/${PN} set OWNCLOUD_DIR and NEXTCLOUD_DIR."
		die "the folders of ownCloud and Nextcloud must be absolute paths"
	fi
	local config=${ROOT}${old}/config/config.php target=${ROOT}${new}/config/config.php
	[[ -f ${config} ]] || die "${config} is not there: no ownCloud"
	[[ -d ${target%/*} ]] || die "${target%/*} is not there: no Nextcloud; install it with webapp-config first"
	[[ -e ${target} || -L ${target} ]] && die "${target} is there already; nothing is overwritten"

	local text string="'(([^'\\]|\\\\.)*)'" blank="[[:space:]]*"
	text=$(< "${config}") || die "${config} cannot be read"
	[[ ${text} =~ \'maintenance\'${blank}=\>${blank}true ]] ||
		die "ownCloud still serves; its maintenance mode keeps data and database together: occ maintenance:mode --on"
	[[ ${text} =~ \'datadirectory\'${blank}=\>${blank}${string} ]] || die "${config} names no datadirectory"
	local data=${BASH_REMATCH[1]//\\\'/\'}
	data=${data//\\\\/\\} data=${data%/}
	[[ -d ${ROOT}${data} ]] || die "${ROOT}${data}, the datadirectory of ownCloud, is not there"

	local path place real
	for path in "${new}" "${new}/config"; do
		real=$(realpath -- "${ROOT}${path}")/ || die
		for place in "${old}" "${data}"; do
			[[ ${real} == "$(realpath -- "${ROOT}${place}")"/* ]] &&
				die "${path} lies in ${place}; Nextcloud wants a folder of its own"
		done
	done
	[[ ${old}/ == "${data}"/* ]] && die "${old} lies in its own datadirectory ${data}; the two cannot be told apart"
	local own=${ROOT}${new}/data
	[[ -L ${own} ]] && die "${own} is a link; nothing is overwritten"
	[[ -e ${own} && -n $(find "${own}" -mindepth 1 ! -name ".keep*" -print -quit) ]] &&
		die "${own} is not empty; nothing is overwritten"

	local from to quote
	for path in "${data}" "${old}"; do
		from=$(php_quoted "${path}")
		to=$(php_quoted "${new}$([[ ${path} == "${data}" ]] && echo /data)")
		for quote in "'" "/"; do
			text=${text//"'${from}${quote}"/"'${to}${quote}"}
			[[ ${text} == *"\"${from}${quote/\'/\"}"* ]] &&
				die "${config} has ${path} in double quotes; write it in single quotes, as ownCloud does"
		done
	done

	mkdir -- "${own}.migrating" ||
		die "${own}.migrating: another run is under way, or one was interrupted (remove it then)"
	einfo "Copying ${data} ..."
	if ! cp -a -- "${ROOT}${data}/." "${own}.migrating" ||
		! cp -a -- "${config}" "${target}.migrating" ||
		! printf "%s\n" "${text}" > "${target}.migrating"; then
		rm -rf -- "${own}.migrating" "${target}.migrating"
		die "the copy failed; nothing is left of it"
	fi
	if [[ -d ${own} ]]; then
		find "${own}" -mindepth 1 -name ".keep*" -delete && rmdir -- "${own}" || die
	fi
	mv -T -- "${own}.migrating" "${own}" || die
	mv -T -n -- "${target}.migrating" "${target}" && [[ ! -e ${target}.migrating ]] ||
		die "${target} came into being meanwhile; nothing is overwritten"

	elog "Nextcloud has the data and the settings of ownCloud, and is in maintenance mode as it was."
	elog "The database is named as before: copy it, and name the copy in ${target},"
	elog "or the upgrade changes that of ownCloud (SQLite lies with the data: it is copied). Then:"
	elog "  occ upgrade && occ maintenance:mode --off"
	local line
	while read -r line; do
		[[ ${line,,} == *owncloud* && ${line} =~ ^\'([A-Za-z0-9_.]+)\' ]] || continue
		[[ ${BASH_REMATCH[1]} == *@(password|salt|secret)* ]] ||
			ewarn "The setting ${BASH_REMATCH[1]} still speaks of ownCloud: look at it."
	done <<< "${text}"
	return 0
}
