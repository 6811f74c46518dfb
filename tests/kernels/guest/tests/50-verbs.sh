# The verbs.
. /guest/lib.sh

place() { new; chown -R 1000:1000 /work/t; }

doctor_works() { "$@" overlayfuse doctor >/run/doctor || { cat /run/doctor; return 1; }; has "$(cat /run/doctor)" 'a mount by you'; }

run_discards() {
    place
    is "$("$@" overlayfuse run --diff --lower lower -- sh -c 'echo x >lower/new; rm lower/old; echo y >>lower/file; cat lower/file')" 'lower
y
M file
A new
D old'
    gone lower/new; there lower/old
    if "$@" overlayfuse run --lower lower -- sh -c 'exit 7'; then return 1; else is $? 7; fi
}

run_keeps() {
    place
    "$@" overlayfuse run --keep kept --lower lower -- sh -c 'echo kept >lower/new; rm -r lower/dir'
    is "$("$@" overlayfuse run --upper kept --lower lower -- sh -c 'cat lower/new; ls lower/dir 2>&1')" "kept
ls: cannot access 'lower/dir': No such file or directory" || true
    is "$(cat kept/new)" kept
}

run_enters_a_root() {
    new; mkdir root; cp -a /usr/bin/busybox root/; mkdir root/{proc,sys,dev,tmp,etc}; chown -R 1000:1000 /work/t
    is "$("$@" overlayfuse run --root root --map-root -- /busybox sh -c '/busybox id -u; echo x >/new; /busybox ls /')" '0
busybox
dev
etc
new
proc
sys
tmp'
    gone root/new
}

holds() {
    place
    "$@" bash -ec '
        coproc overlayfuse hold --lower lower
        read -r -t 60 view <&"${COPROC[0]}"
        test "$(cat "$view/file")" = lower
        echo changed >"$view/file"; rm "$view/old"
        overlayfuse changes "$view"
        echo >&"${COPROC[1]}"
        read -r -t 60 again <&"${COPROC[0]}"
        test "$(cat "$again/file")" = lower
        pid=$COPROC_PID
        eval "exec ${COPROC[1]}>&-"
        wait $pid
        ! test -e "$again/file"' >out
    is "$(cat out)" 'M file
D old'
}

lists() {
    new; ours
    has "$(overlayfuse list -l)" 'upper /work/t/upper'
    is "$(overlayfuse layers merged | tail -n 1 | grep -c lower)" 1
    sh -c 'cd merged; exec sleep 1000' & sleeper=$!
    sleep 1
    refuses 'is in use by sleep' overlayfuse unmount merged
    kill $sleeper
    wait $sleeper || true
    overlayfuse unmount merged
}

adds_a_layer() {
    new; ours; mkdir patch; echo patched >patch/file; cat merged/file
    overlayfuse add-layer merged "$PWD/patch"
    is "$(cat merged/file)" patched
    echo below >lower/behind; overlayfuse refresh merged; is "$(cat merged/behind)" below
}

adding_is_refused() {
    new; ours; mkdir patch; echo patched >patch/file
    refuses 6.16 overlayfuse add-layer merged "$PWD/patch"
    refuses 6.16 overlayfuse refresh merged
    is "$(cat merged/file)" lower
}

survives_kill() {
    new; ours; echo x >merged/new
    kill -9 "$(pgrep -f 'overlayfuse.*merged' | head -n 1)"
    refuses connect ls merged
    umount merged; ours; is "$(cat merged/new)" x
}

check 'doctor of root' doctor_works env
check 'doctor of a user' doctor_works as_user
for who in env as_user; do
    check "run discards ($who)" run_discards $who
    check "run keeps ($who)" run_keeps $who
    check "run enters a root ($who)" run_enters_a_root $who
    check "hold and changes ($who)" holds $who
done
check 'list, layers and unmount' lists
if at_least 6.16; then check 'add-layer and refresh' adds_a_layer; else check 'add-layer and refresh are refused' adding_is_refused; fi
check 'a killed daemon' survives_kill
