#!/usr/bin/env bash
# Proves the two commands of the README on a bare machine: a root file system with only git, make and python3, made by
# mmdebstrap from the mirror that this machine uses. Needs root and mmdebstrap. What it makes goes away with it.
#
#   tests/bare_root.sh bookworm            # make run, then make test
#   tests/bare_root.sh trixie run          # make run only
#   tests/bare_root.sh trixie merge        # set-up, then ebuilds built and merged with that suite's own Python
#   MIRROR=http://deb.example.org/debian tests/bare_root.sh trixie   # another mirror than this machine's
#   KEEP=/var/tmp/root tests/bare_root.sh trixie   # keep the root (and use it again)
set -eu
suite=${1:?usage: tests/bare_root.sh SUITE [run|test|merge|all]}
what=${2:-all}
project=$(cd "$(dirname "$0")/.." && pwd)
if [ "${INSIDE:-}" != yes ]; then
    # A mount, process and interprocess namespace of its own: its mounts and processes end with it.
    exec env INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private bash "$0" "$@"
fi

root=${KEEP:-}
if [ -z "$root" ]; then
    root=$(mktemp -d /var/tmp/sfcci-bare.XXXXXX)
    trap 'umount -l "$root/proc" "$root/sys" 2>/dev/null; umount -Rl "$root/dev" 2>/dev/null; rm -rf --one-file-system "$root"' EXIT
fi
mirror=${MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -E '^(URIs:|deb )' | grep -oE '[a-z]+://[^ ]+/debian/?( |$)' | head -n 1)}
if [ ! -e "$root/etc/debian_version" ]; then
    mmdebstrap --quiet --variant=apt --include=git,make,python3,ca-certificates "$suite" "$root" "$mirror"
fi
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys" || true
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root/srv/sfcci"
git -c safe.directory='*' clone --quiet --no-hardlinks "$project" "$root/srv/sfcci"

inside() {
    env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${PIP_CERT:+PIP_CERT=/etc/ssl/certs/ca-certificates.crt} chroot "$root" sh -c "cd /srv/sfcci && $1"
}
for target in run test; do
    case $what in all | "$target") ;; *) continue ;; esac
    begin=$(date +%s)
    status=0
    inside "make $target" || status=$?
    echo "$suite: make $target ended with $status after $(($(date +%s) - begin)) s"
    [ "$status" = 0 ] || exit "$status"
done
if [ "$what" = merge ]; then
    begin=$(date +%s)
    status=0
    inside "python3 -m sfcci.bootstrap run --help >/dev/null && .venv/bin/sfcci package build networking-sfc --use doc && .venv/bin/sfcci package build graphyte --use test" || status=$?
    echo "$suite: the merge test ended with $status after $(($(date +%s) - begin)) s"
    exit "$status"
fi
