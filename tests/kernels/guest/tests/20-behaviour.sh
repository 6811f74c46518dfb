# What a mount does, in each mode of reading and writing: the main categories of the suite of black-box tests.
. /guest/lib.sh

mounted() { new; ours "$mode,redirect_dir=on,index=on"; }

lookup() {
    mounted
    is "$(cat merged/file merged/symlink merged/deep/1/2/3/leaf)" 'lower
lower
leaf'
    refuses 'No such file' cat merged/missing
    refuses 'Not a directory' ls merged/file/below
    is "$(ls merged | tr '\n' ' ')" 'deep dir fifo file large link1 link2 old opaque program symlink '
    is "$(stat -c %F merged/fifo)" fifo
    merged/program
}

copy_up() {
    mounted
    chmod 600 merged/file
    is "$(stat -c '%a %y' merged/file)" '600 2020-01-02 03:04:05.123456789 +0000'
    echo more >>merged/old
    is "$(stat -c '%u:%g %a' upper/old)" '7:8 640'
    is "$(cat merged/old lower/old)" 'old
more
old'
    truncate -s 3 merged/large
    is "$(stat -c %s upper/large lower/large | tr '\n' ' ')" '3 300000 '
    is "$(ls -A work/work)" ''
}

whiteouts() {
    mounted
    rm merged/old; rm -r merged/dir
    gone merged/old; gone merged/dir
    is "$(stat -c '%F %t:%T' upper/old upper/dir)" 'character special file 0:0
character special file 0:0'
    echo new >merged/old; is "$(cat merged/old)" new
    refuses 'Directory not empty' rmdir merged/opaque
}

opaques() {
    mounted
    rm -r merged/opaque; mkdir merged/opaque
    is "$(ls -A merged/opaque)" ''
    is "$(getfattr --only-values -n trusted.overlay.opaque upper/opaque)" y
}

renames() {
    mounted
    mv merged/deep merged/dir/moved
    is "$(cat merged/dir/moved/1/2/3/leaf)" leaf
    is "$(getfattr --only-values -n trusted.overlay.redirect upper/dir/moved)" /deep
    gone merged/deep
    client rename merged/file merged/old exchange
    is "$(cat merged/file merged/old)" 'old
lower'
    refuses EEXIST client rename merged/file merged/old noreplace
    mv merged/file merged/old; is "$(cat merged/old)" old
}

renames_without_redirects() {
    new; ours "$mode,redirect_dir=off"
    refuses EXDEV client rename merged/dir merged/dir2 plain
    mkdir merged/own; mv merged/own merged/own2; there merged/own2
}

hard_links() {
    mounted
    echo two >>merged/link1
    is "$(cat merged/link2)" 'one
two'
    is "$(stat -c '%h %i' merged/link1)" "$(stat -c '%h %i' merged/link2)"
    ln merged/file merged/file2; echo three >>merged/file2; has "$(cat merged/file)" three
    rm merged/link1; is "$(stat -c %h merged/link2)" 1
}

xattrs() {
    mounted
    is "$(getfattr --only-values -n user.lower merged/file)" below
    setfattr -n user.upper -v above merged/file; setfattr -n user.lower -v changed merged/file
    is "$(getfattr -d merged/file | grep -c =)" 2
    setfattr -x user.lower merged/file
    refuses 'No such attribute' getfattr -n user.lower merged/file
    setfattr -n trusted.mine -v x merged/dir; is "$(getfattr --only-values -n trusted.mine upper/dir)" x
    is "$(getfattr -d -m - merged/dir | grep -c overlay || true)" 0
}

access_lists() {
    mounted
    setfacl -m u:1001:rwx,d:u:1001:rwx merged/dir
    setfacl -m u:1000:r merged/old
    has "$(getfacl -cp merged/dir)" default:user:other:rwx
    is "$(as_user cat merged/old)" old
    touch merged/dir/inherits; has "$(getfacl -cp merged/dir/inherits)" user:other:rwx
    refuses 'Permission denied' setpriv --reuid=1002 --regid=1002 --clear-groups cat merged/old
}

owners_and_modes() {
    mounted
    chown 1000:1000 merged/dir merged/dir/a; chmod 6755 merged/program; chmod 2775 merged/dir
    mkdir merged/dir/child; is "$(stat -c '%g %a' merged/dir/child)" '1000 2755'
    chmod 6777 merged/large
    as_user sh -c 'echo x >>merged/large'
    is "$(stat -c %a merged/large)" 777
    refuses 'Operation not permitted' as_user chmod 777 merged/file
    chown 5 merged/program; is "$(stat -c '%u %a' merged/program)" '5 755'
}

files_without_names() { mounted; client tmpfile merged/dir merged/dir/named; is "$(cat merged/dir/named; stat -c ' %a %h' merged/dir/named)" 'tmpfl 640 1'; }

tmpfile_is_refused() { mounted; refuses EOPNOTSUPP client tmpfile merged/dir merged/dir/named; }

client_alone() { mounted; client "$@"; }

appends() { mounted; client append merged/log; is "$(sort -u merged/log; stat -c %s merged/log)" 'a line of 20 letters
12600'; client append merged/file; is "$(stat -c %s merged/file)" 12606; }

statistics() { mounted; is "$(stat -f -c '%b %S' merged)" "$(stat -f -c '%b %S' upper)"; }

long_listing() {
    new; client entries lower/dir 0 9900
    ours "$mode"
    client entries merged/dir 9900 10000
    is "$(ls -A merged/dir | sort -u | grep -c entry-)" 10000
    is "$(ls -A merged/dir | wc -l)" 10002
    rm merged/dir/entry-00{00,99}*
    is "$(ls -A merged/dir | wc -l)" 9802
}

big_file() {
    new; truncate -s 3G lower/big; head -c 8M /dev/urandom >data
    dd if=data of=lower/big bs=1M seek=2500 conv=notrunc status=none
    ours "$mode"
    dd if=data of=merged/new bs=300000 status=none; cmp data merged/new
    echo end >>merged/big
    is "$(stat -c %s merged/big)" 3221225476
    dd if=merged/big bs=1M skip=2500 count=8 status=none | cmp - data
    [ "$(stat -c %b upper/big)" -lt 200000 ] || { echo 'the copy has no holes'; return 1; }
}

ranges() {
    mounted; printf '%08192d' 0 | tr 0 x >merged/range
    client fallocate merged/range 3 0 4096
    is "$(head -c 4096 merged/range | tr -d '\0' | wc -c)" 0
    if at_least 5.14; then client fallocate merged/range 0x10 4096 4096; is "$(tr -d '\0' <merged/range | wc -c)" 0
    else refuses EOPNOTSUPP client fallocate merged/range 0x10 4096 4096; fi
    client copy merged/large merged/copy 200000; is "$(stat -c %s merged/copy)" 200000
    client direct merged/large
    has "$(client statx merged/new-or-file 2>&1; client statx merged/file)" '6 '
}

nodes() {
    mounted
    mkfifo merged/fifo2; mknod merged/null c 1 3; ln -s missing merged/dangling; mknod merged/block b 7 0
    is "$(stat -c '%F %t:%T' merged/null merged/block)" 'character special file 1:3
block special file 7:0'
    is "$(readlink merged/dangling)" missing
    refuses 'Operation not permitted' mknod merged/whiteout c 0 0 || is "$(stat -c %t:%T merged/whiteout 2>&1)" ''
}

remount_shows_the_same() {
    mounted
    echo new >>merged/file; rm -r merged/dir; mkdir merged/dir; mv merged/deep merged/dir/d; ln merged/old merged/old2; ln -s x merged/dir/s
    setfattr -n user.x -v y merged/dir; chown 9:9 merged/link1; client entries merged/dir 0 20
    tree merged >before; ends
    ours "$mode,redirect_dir=on,index=on"; same merged before; ends
    ours 'io=open,redirect_dir=on,index=on'; same merged before
}

# What a file's data and descriptors go through differs by the mode.
of_data() {
    check "$mode: copy-up" copy_up
    check "$mode: mmap" client_alone mmap merged/file
    check "$mode: locks" client_alone locks merged/file
    check "$mode: unlinked open file" client_alone unlinked merged/file
    check "$mode: append" appends
    if at_least 6.1; then
        check "$mode: O_TMPFILE" files_without_names
    else
        check "$mode: O_TMPFILE is refused" tmpfile_is_refused
    fi
    check "$mode: fallocate, copy_file_range, O_DIRECT" ranges
    check "$mode: another mount shows the same" remount_shows_the_same
}

of_names() {
    check 'lookup' lookup
    check 'whiteouts' whiteouts
    check 'opaque directories' opaques
    check 'rename and redirects' renames
    check 'rename without redirects' renames_without_redirects
    check 'hard links' hard_links
    check 'xattrs' xattrs
    check 'access control lists' access_lists
    check 'owners and modes' owners_and_modes
    check 'flags of open' client_alone flags merged/file merged/symlink merged/dir
    check 'statfs' statistics
    check '10,000 entries' long_listing
    check 'big file' big_file
    check 'nodes' nodes
}

mode=io=stateless
of_data
of_names
for mode in io=open io=open,writeback=1; do of_data; done
if at_least 6.9; then
    mode=io=passthrough
    of_data
fi
