#!/bin/sh
# Installs overlayfuse for a CI job or into a devcontainer, as root or as an ordinary user.
#   OVERLAYFUSE_FILE      the program, or the .deb or .tar.gz of a release: a path or an address. Else:
#   OVERLAYFUSE_RELEASE   the address, or the directory, of a release: it has SHA256SUMS and overlayfuse-VERSION-linux-MACHINE.tar.gz
#   OVERLAYFUSE_VERSION   the version of that release
#   OVERLAYFUSE_SHA256    the checksum of the file; needed for an OVERLAYFUSE_FILE that is fetched
#   OVERLAYFUSE_PREFIX    where bin/overlayfuse goes: /usr/local, for an ordinary user ~/.local
#   OVERLAYFUSE_APPARMOR  auto, yes or no: load a profile that allows user namespaces. auto: if this machine restricts them.
set -eu

fail() {
    echo "overlayfuse: $*" >&2
    exit 1
}

# The options of a devcontainer feature have names without a prefix.
if [ -n "${_REMOTE_USER-}" ]; then
    OVERLAYFUSE_FILE=${OVERLAYFUSE_FILE:-${FILE-}} OVERLAYFUSE_RELEASE=${OVERLAYFUSE_RELEASE:-${RELEASE-}}
    OVERLAYFUSE_VERSION=${OVERLAYFUSE_VERSION:-${VERSION-}} OVERLAYFUSE_SHA256=${OVERLAYFUSE_SHA256:-${SHA256-}}
fi

prefix=${OVERLAYFUSE_PREFIX-}
if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # ADDRESS TARGET
    case $1 in
        *://*) ;;
        *) cp "$1" "$2" || fail "$1: cannot be read; correct the path"; return ;;
    esac
    if command -v curl >/dev/null; then
        curl -fsSL --retry 3 -o "$2" "$1" || fail "$1: cannot be fetched; correct the address"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1" || fail "$1: cannot be fetched; correct the address"
    else
        fail "$1: cannot be fetched: there is no curl and no wget; install curl"
    fi
}

check() { # FILE CHECKSUM ADDRESS
    found=$(sha256sum "$1" | cut -d ' ' -f 1)
    [ "$found" = "$2" ] || fail "$3: has the checksum $found in place of $2; fetch it again, or correct the checksum"
}

# Sets `file`.
get_file() {
    file=$work/${OVERLAYFUSE_FILE##*/}
    fetch "$OVERLAYFUSE_FILE" "$file"
    case $OVERLAYFUSE_FILE in
        file://*) ;;
        *://*) [ -n "${OVERLAYFUSE_SHA256-}" ] || fail "$OVERLAYFUSE_FILE: has no checksum; give the input sha256, or a release" ;;
    esac
    [ -z "${OVERLAYFUSE_SHA256-}" ] || check "$file" "$OVERLAYFUSE_SHA256" "$OVERLAYFUSE_FILE"
}

get_release() {
    [ -n "${OVERLAYFUSE_RELEASE-}" ] || fail 'neither a file nor a release was given; set the input file, or release and version'
    [ -n "${OVERLAYFUSE_VERSION-}" ] || fail "$OVERLAYFUSE_RELEASE: the version is missing; set the input version"
    name=overlayfuse-$OVERLAYFUSE_VERSION-linux-$(uname -m).tar.gz
    file=$work/$name
    fetch "$OVERLAYFUSE_RELEASE/SHA256SUMS" "$work/SHA256SUMS"
    fetch "$OVERLAYFUSE_RELEASE/$name" "$file"
    sum=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
    [ -n "$sum" ] || fail "$OVERLAYFUSE_RELEASE/SHA256SUMS: does not have $name; correct the version"
    check "$file" "$sum" "$OVERLAYFUSE_RELEASE/$name"
}

unpack() {
    mkdir -p "$prefix/bin"
    case $file in
        *.deb)
            command -v dpkg-deb >/dev/null || fail "$file: dpkg-deb is missing; give the .tar.gz of the release"
            dpkg-deb -x "$file" "$work/root"
            cp -R "$work/root/usr/." "$prefix"
            ;;
        *.tar.gz) tar -C "$prefix" --strip-components=1 -xzf "$file" ;;
        *) cp "$file" "$work/program" && chmod 755 "$work/program" && mv -f "$work/program" "$prefix/bin/overlayfuse" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# AppArmor of Ubuntu 24.04 and later forbids user namespaces to programs without a profile.
allow_namespaces() {
    restricted=/proc/sys/kernel/apparmor_restrict_unprivileged_userns
    case ${OVERLAYFUSE_APPARMOR:-auto} in
        no) return ;;
        yes) ;;
        *) [ -e $restricted ] && [ "$(cat $restricted)" = 1 ] || return 0 ;;
    esac
    remedy='as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'
    as_root apparmor_parser --replace <<END || echo "overlayfuse: the AppArmor profile cannot be loaded; $remedy" >&2
abi <abi/4.0>,
include <tunables/global>
profile overlayfuse-ci "$prefix/bin/overlayfuse" flags=(unconfined) {
  userns,
}
END
}

if [ -n "${OVERLAYFUSE_FILE-}" ]; then get_file; else get_release; fi
unpack
allow_namespaces
"$prefix/bin/overlayfuse" --version
[ -z "${GITHUB_PATH-}" ] || echo "$prefix/bin" >>"$GITHUB_PATH"
