#!/bin/bash
# Fills the current directory with a tree of everything that archivers must carry: $1 makes its content differ from that of another seed.
set -eu
seed=$1
random() { openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$seed$1")" -iv 0 </dev/zero 2>/dev/null | head -c "$2"; }

mkdir -p plain/deep/er "with space" $'odd\nname' empty "only-$seed" common
for i in $(seq 60); do random "$i" $((i * 977)) > "plain/file-$i"; done
for i in $(seq 20); do random 7 "$((i * 100))" > "plain/deep/er/file-$((i * seed))"; done
head -c "$((seed * 1000))" /dev/zero > common/zeros
echo "$seed" > "common/text"
echo "of $seed" > "only-$seed/file"
echo space > "with space/a file"
echo newline > $'odd\nname/\x01\xff\xfe'
long=$(printf 'n%.0s' $(seq 255)); echo long > "plain/$long"

truncate -s 64M common/sparse
random 1 8192 | dd of=common/sparse bs=4096 seek=$((100 * seed)) conv=notrunc status=none

ln common/text common/hard-link
ln common/text plain/deep/other-hard-link
ln -s ../common/text plain/symlink
ln -s /nowhere/at/all plain/dangling
ln -s "$(printf 's%.0s' $(seq 255))/$(printf 't%.0s' $(seq 200))" plain/long-symlink
mkfifo plain/fifo
mknod plain/character c 1 3
mknod plain/block b 7 77

install -m 4755 /dev/null plain/set-uid
install -m 2711 /dev/null plain/set-gid
install -m 0000 /dev/null plain/no-permissions
chown 1234:4321 plain/file-1 plain/deep plain/symlink -h
chmod 1777 empty
chmod 2775 "only-$seed"
setfattr -n user.colour -v "blue $seed" common/text plain/deep
setfattr -n trusted.secret -v "value" plain/file-2
setcap cap_net_bind_service+ep plain/file-3
setfacl -m u:1234:rw,g:4321:r plain/file-4
setfacl -d -m u:1234:rwx plain/deep/er
find . -print0 | xargs -0 touch -h -d "2001-02-03 04:05:0$seed.$((seed * 111))"
