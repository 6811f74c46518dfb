# Who may mount, and how data are read and written.
. /guest/lib.sh

root_mounts() {
    new; ours
    is "$(cat merged/file)" lower
    echo more >>merged/file
    is "$(cat upper/file)" 'lower
more'
    has "$(overlayfuse list)" /work/t/merged
    ends
    gone merged/file
}

reads_only() {
    new; mkdir second; echo second >second/file
    overlayfuse -o lowerdir=second:lower merged
    is "$(cat merged/file merged/dir/a)" 'second
a'
    refuses 'Read-only file system' touch merged/new
    overlayfuse unmount merged
}

remounts() {
    new; ours; mount -o remount,ro merged
    refuses 'Read-only file system' touch merged/new
    mount -o remount,rw merged; touch merged/new
}

# io=MODE mounts and serves, or is refused with a text that names the lack, and nothing is mounted.
mode_mounts() {
    new; ours "io=$1"
    has "$(overlayfuse list)" "io=${2:-$1}"
    echo changed >merged/dir/a; is "$(cat merged/dir/a upper/dir/a)" 'changed
changed'
    is "$(cat merged/large | md5sum)" "$(cat lower/large | md5sum)"
}

mode_is_refused() { new; refuses "$2" ours "io=$1"; if grep -q /work/t/merged /proc/self/mounts; then echo 'something is mounted'; return 1; fi; }

user_place() { new; chown -R 1000:1000 /work/t; chmod 755 /work/t; }

# The command of an ordinary user, in the place.
mounts_as_user() {
    user_place
    as_user overlayfuse -o "$layers${1:+,$1}" merged
    is "$(as_user cat merged/file)" lower
    as_user sh -c 'echo more >>merged/file; rm merged/dir/a; mkdir merged/dir/new; mv merged/dir/new merged/dir/newer; ln merged/link1 merged/link3'
    is "$(as_user cat merged/file)" 'lower
more'
    is "$(as_user ls merged/dir | tr '\n' ' ')" 'newer sub '
    refuses 'Permission denied' ls merged/dir/a
    as_user overlayfuse unmount merged
    is "$(ls upper/dir | tr '\n' ' ')" 'a newer '
}

mounts_in_namespace() {
    user_place
    as_user unshare "$@" --mount sh -ec '
        overlayfuse -o lowerdir=lower,upperdir=upper,workdir=work merged
        test "$(cat merged/file)" = lower
        echo more >>merged/file; chmod 600 merged/file; rm -r merged/dir; mkdir merged/dir; ls -A merged/dir
        test "$(stat -c "%a %u" merged/file)" = "600 0"
        overlayfuse unmount merged'
    is "$(stat -c '%u %a' upper/file)" '1000 600'
}

check 'root mounts' root_mounts
check 'root mounts without an upper' reads_only
check 'remount ro and rw' remounts
check 'io=auto is stateless' mode_mounts auto stateless
check 'io=stateless' mode_mounts stateless
check 'io=open' mode_mounts open
check 'writeback=1' mode_mounts auto,writeback=1 open
if at_least 6.9; then
    check 'io=passthrough' mode_mounts passthrough
else
    check 'io=passthrough is refused by its version' mode_is_refused passthrough 'io=passthrough: needs Linux 6.9 or later, and this is '
fi
check 'a user mounts through fusermount3' mounts_as_user
check 'a user mounts through fusermount3, io=open' mounts_as_user io=open
check 'a user mounts through fusermount3, io=stateless' mounts_as_user io=stateless
check 'a user mounts in a user namespace' mounts_in_namespace --user --map-root-user
check 'a user mounts in a user namespace of many ids' mounts_in_namespace --user --map-root-user --map-auto
