# What the tests of a guest share. Each test is a function; check runs it, in a shell that ends at the first command that fails.
LIMIT=${LIMIT:-600}

# check NAME FUNCTION ARGUMENT...: prints "ok NAME" or "not ok NAME: the last lines of what FUNCTION printed". A test that hangs is ended: its FUSE
# connections are aborted.
check() {
    local name=$1 log pid watch status
    shift
    log=$(mktemp /run/check-XXXXXX)
    ( set -e; "$@" ) >"$log" 2>&1 </dev/null &
    pid=$!
    ( exec >/dev/null 2>&1 </dev/null; sleep "$LIMIT"; abort_mounts; kill -9 $pid ) &
    watch=$!
    wait $pid 2>/dev/null
    status=$?
    kill $watch 2>/dev/null
    wait $watch 2>/dev/null
    if [ $status = 0 ]; then
        echo "ok $name"
    else
        echo "not ok $name: $([ $status != 137 ] || echo "was ended after $LIMIT s; ")$(tail -n 6 "$log" | tr '\n' '|')"
    fi
    rm -f "$log"
    leave
}

# A kernel lacks what this test needs: neither passed nor failed.
skip() { echo "skip $1: $2"; }

# feature KEY VALUE: a cell of the table in docs/kernels.md.
feature() { echo "feature $1: $2"; }

abort_mounts() { local abort; for abort in /sys/fs/fuse/connections/*/abort; do echo 1 >"$abort"; done; }

# Unmounts all that a test has left below /work.
leave() {
    local mountpoint
    cd /
    sed -n 's:^[^ ]* \(/work/[^ ]*\) .*:\1:p' /proc/self/mounts | sort -r | while read -r mountpoint; do umount -l "$mountpoint"; done
    rm -rf --one-file-system /work/*
}

# The kernel has this version or a later one.
at_least() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]; }

is() { [ "$1" = "$2" ] || { printf "is '%s', not '%s'\n" "$1" "$2"; return 1; }; }

# The command fails, and prints the text.
refuses() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then printf 'was not refused: %s\n' "$*"; return 1; fi
    has "$output" "$text"
}

has() { case $1 in *"$2"*) ;; *) printf "'%s' is not in: %s\n" "$2" "$1"; return 1 ;; esac; }

there() { [ -e "$1" ] || [ -L "$1" ] || { echo "$1 is missing"; return 1; }; }

gone() { if [ -e "$1" ] || [ -L "$1" ]; then echo "$1 is there"; return 1; fi; }

as_user() {
    setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all env HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 "$@"
}

# A lower layer that has something of each kind. It is made once: a new process costs much in a guest.
make_layer() {
    mkdir -p "$1"
    ( cd "$1"
      umask 022
      echo lower >file; echo old >old; echo one >link1; ln link1 link2; ln -s file symlink; mkfifo fifo
      mkdir -p dir/sub deep/1/2/3 opaque; echo a >dir/a; echo b >dir/sub/b; echo leaf >deep/1/2/3/leaf; echo hidden >opaque/hidden
      head -c 300000 /dev/zero | tr '\0' x >large; cp /usr/bin/true program
      setfattr -n user.lower -v below file; touch -d '2020-01-02 03:04:05.123456789' file old dir/a; chmod 640 old; chown 7:8 old )
}

# A place of its own for a test, on ext4.
new() {
    [ -d /layer ] || make_layer /layer
    mkdir -p /work/t/{upper,work,merged}
    cp -a /layer /work/t/lower
    cd /work/t
}

# ours OPTION,...: mounts the program's overlay on merged. kernels OPTION,...: mounts the kernel's overlay there.
layers=lowerdir=lower,upperdir=upper,workdir=work
ours() { overlayfuse -o "$layers${1:+,$1}" merged; }
kernels() { mount -t overlay -o "$layers${1:+,$1}" overlay merged; }
ends() { if grep -q ' /work/t/merged fuse' /proc/self/mounts; then overlayfuse unmount merged; else umount merged; fi; }

# All that a tree shows: names, types, modes, owners, links, sizes, times of files, contents, xattrs.
tree() {
    ( cd "$1"
      find . \( -type d -printf '%p %y %m %U:%G\n' \) -o -printf "%p %y %m %U:%G ${LINKS-%n} %s %l %T@\n" | sort
      find . -type f -print0 | sort -z | xargs -0 -r md5sum
      find . \( -type f -o -type d \) -print0 | sort -z | xargs -0 -r getfattr -d -h -m '^user\.[a-z]*$' -- )
}

same() { diff <(tree "$1") "$2"; }
