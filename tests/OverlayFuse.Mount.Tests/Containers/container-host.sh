#!/bin/bash
# container-host.sh DIRECTORY WHO STORAGE SCRIPT: runs SCRIPT where podman and buildah work, as root or as the ordinary user "tester" (WHO), with all
# storage below DIRECTORY. STORAGE: "kernel", or the program that mounts. Namespaces of its own (unshare --mount --pid ... is the caller's part), so that
# processes and mounts end with it; ids, /dev/fuse and cgroups are other than the machine's in there only.
set -euo pipefail
directory=$1 who=$2 storage=$3 script=$4
home=$directory/home
mkdir -p "$home/run" "$directory/etc"
chmod 755 "$directory"

# crun refuses a mixture of both cgroup hierarchies.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    umount -R /sys/fs/cgroup || true
    mount -t cgroup2 none /sys/fs/cgroup
fi

cp /etc/passwd /etc/group "$directory/etc/"
echo "tester:x:54321:54321::$home:/bin/sh" >>"$directory/etc/passwd"
echo "tester:x:54321:" >>"$directory/etc/group"
echo tester:200000:65536 | tee "$directory/etc/subuid" >"$directory/etc/subgid"
touch /etc/subuid /etc/subgid
for file in passwd group subuid subgid; do mount --bind "$directory/etc/$file" "/etc/$file"; done
mknod -m 666 "$directory/etc/fuse" c 10 229
mount --bind "$directory/etc/fuse" /dev/fuse

{
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run/storage"\n' "$home" "$home"
    printf '[storage.options.overlay]\n'
    if [ "$storage" != kernel ]; then
        install -m 755 "$storage" "$directory/etc/overlayfuse"
        # The second program, for what starts a verb of it.
        if [ -e "${storage%/*}/overlayfuse-tools" ]; then install -m 755 "${storage%/*}/overlayfuse-tools" "$directory/etc/"; fi
        printf 'mount_program = "%s/etc/overlayfuse"\n' "$directory"
    fi
    printf '%s\n' "${OVERLAY_OPTIONS-}"
} >"$home/storage.conf"
cat >"$home/containers.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
log_driver = "k8s-file"
netns = "none"
END

cd "$home"
as=()
if [ "$who" = user ]; then
    chown -R 54321:54321 "$home"
    as=(setpriv --reuid=54321 --regid=54321 --clear-groups)
fi
exec "${as[@]}" env -i HOME="$home" PATH="$PATH" XDG_RUNTIME_DIR="$home/run" LC_ALL=C \
    CONTAINERS_STORAGE_CONF="$home/storage.conf" CONTAINERS_CONF="$home/containers.conf" bash -euo pipefail -c "$script"
