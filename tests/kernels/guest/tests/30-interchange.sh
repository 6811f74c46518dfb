# The kernel's overlayfs mounts what the program wrote, and the program what the kernel wrote.
. /guest/lib.sh

changes() {
    echo changed >>merged/file; rm merged/old; rm -r merged/opaque; mkdir merged/opaque; echo new >merged/opaque/new
    echo three >>merged/link1; ln merged/link2 merged/link3; chmod 700 merged/dir; chown 5:6 merged/large; touch -d 2021-01-01 merged/program
    setfattr -n user.x -v y merged/dir/a; mknod merged/null c 1 3; ln -s nowhere merged/s; mkfifo merged/dir/sub/fifo
    ${1:-true}
}

more_changes() { rm merged/file merged/opaque/new; echo more >merged/old; mkdir merged/dir/again; chmod 640 merged/large; echo x >>merged/large; }

with_renames() { mv merged/deep merged/dir/moved; mkdir merged/deep; mv merged/dir/sub merged/deep/sub; rm merged/dir/moved/1/2/3/leaf; }

# A WRITES, B reads and writes on, A reads: interchange FIRST SECOND OPTIONS [RENAMES]
interchange() {
    new
    "$1" "$3"; changes "${4-}"; tree merged >first; ends
    "$2" "$3"; same merged first; more_changes; tree merged >second; ends
    "$1" "$3"; same merged second
}

both_ways() {
    check "the kernel mounts ours: $1" interchange ours kernels "$2" "${3-}"
    check "we mount the kernel's: $1" interchange kernels ours "$2" "${3-}"
}

has_metacopy() {
    new; kernels metacopy=on,redirect_dir=on; chmod 700 merged/large
    [ "$(stat -c %b upper/large)" -lt 100 ] || { echo 'the kernel has copied the data'; return 1; }
    ends; ours metacopy=on; is "$(md5sum <merged/large; stat -c %a merged/large)" "$(md5sum <lower/large; echo 700)"
    chmod 711 merged/program; getfattr -n trusted.overlay.metacopy upper/program; ends
    kernels metacopy=on,redirect_dir=on; is "$(md5sum <merged/program; stat -c %a merged/program)" "$(md5sum <lower/program; echo 711)"
}

user_marks() {
    new; chown -R 1000:1000 /work/t
    as_user overlayfuse -o "$layers" merged
    as_user sh -c 'rm merged/old; rm -r merged/opaque; mkdir merged/opaque; echo x >>merged/file'
    as_user bash -c '. /guest/lib.sh; tree merged' >first; as_user overlayfuse unmount merged
    kernels userxattr; tree merged >second; same merged first
    rm merged/file; ends; rm -r work; as_user mkdir work
    as_user overlayfuse -o "$layers" merged; is "$(as_user ls merged | tr '\n' ' ')" 'deep dir fifo large link1 link2 opaque program symlink '
}

# The kernel's overlay in a user namespace, with the layers of a mount of ours in the same namespace.
in_namespace() {
    new; chown -R 1000:1000 /work/t
    as_user unshare --user --map-root-user --mount bash -ec '. /guest/lib.sh
        ours; rm merged/old; rm -r merged/opaque; mkdir merged/opaque; echo x >>merged/file
        tree merged >first; ends
        kernels userxattr; same merged first; rm merged/file; ends
        ours; gone merged/file'
}

data_only() {
    new; mkdir data meta; cp lower/large data/blob
    overlayfuse -o lowerdir=lower,upperdir=meta,workdir=work,metacopy=on merged; chmod 644 merged/large; ends
    setfattr -n trusted.overlay.redirect -v /blob meta/large; rm -rf work; mkdir work
    mount -t overlay -o lowerdir=meta::data,metacopy=on,redirect_dir=follow overlay merged; tree merged >first; ends
    overlayfuse -o lowerdir=meta::data,metacopy=on merged; same merged first
}

# Defaults differ by the build of a kernel, so each option is written.
plain=redirect_dir=off,index=off,metacopy=off
both_ways 'plain' "$plain"
both_ways 'redirect_dir, index' redirect_dir=on,index=on,metacopy=off with_renames
both_ways 'redirect_dir, index, metacopy' redirect_dir=on,index=on,metacopy=on with_renames
# With nfs_export the kernel counts the index's link to a file, too.
LINKS= both_ways 'nfs_export' redirect_dir=on,index=on,nfs_export=on with_renames
check 'metacopies both ways' has_metacopy
if at_least 5.11; then
    check 'marks of a user' user_marks
    check 'in a user namespace' in_namespace
else
    skip 'marks of a user' "the kernel's overlayfs has userxattr since 5.11"
fi
if at_least 6.6; then check 'data-only layers' data_only; else skip 'data-only layers' "the kernel's overlayfs has them since 6.5"; fi
