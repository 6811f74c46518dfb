# The cells of the table in docs/kernels.md: what doctor says, and what was tried here.
. /guest/lib.sh

doctor() { overlayfuse doctor --json | tr -d '\n' | sed 's/},/}\n/g' | grep "\"key\": *\"$1\"" | sed -nE 's/.*"'"$2"'": *"?([^",}]*).*/\1/p'; }
tried() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

new
feature protocol "$(doctor fuse-protocol detail)"
for key in passthrough io-uring layer-clones kernel-checks zero-range tmpfile add-layer; do feature "$key" "$(doctor "$key" status)"; done
feature userxattr "$(tried kernels userxattr)"; umount merged 2>/dev/null
feature metacopy "$(tried kernels metacopy=on,redirect_dir=on)"; umount merged 2>/dev/null
feature data-only "$(mkdir meta data; tried mount -t overlay -o lowerdir=meta::data,metacopy=on,redirect_dir=follow overlay merged)"; umount merged 2>/dev/null
feature verity "$(tried kernels metacopy=on,redirect_dir=on,verity=require)"; umount merged 2>/dev/null
feature tmpfs-xattrs "$(touch /dev/shm/x; tried setfattr -n user.x -v y /dev/shm/x)"
leave
