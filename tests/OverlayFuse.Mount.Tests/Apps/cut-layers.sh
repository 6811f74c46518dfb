#!/bin/bash
# Cuts the directory tree $1 into seven overlay layers $2/1 (top) .. $2/7 (bottom) whose merged view is exactly $1 again.
# Between the layers: moved subtrees, replaced files, removed files and directories (whiteouts), opaque directories, changed types.
# $3 is how removals are written: "overlay" (0:0 devices, trusted.overlay.opaque) or "aufs" (.wh.NAME, .wh..wh..opq).
set -euo pipefail
root=$1 layers=$2 form=$3
mkdir -p "$layers"/{1,2,3,4,5,6}
cp -a "$root" "$layers/7"
bottom=$layers/7

# Makes the directories above path $2 in layer $1, with the attributes they have in the tree.
make_parents() {
    local parent=$2 parents=()
    while parent=$(dirname "$parent"); [ "$parent" != . ]; do parents=("$parent" "${parents[@]}"); done
    [ ${#parents[@]} = 0 ] || tar -C "$root" --no-recursion -cf - "${parents[@]}" | tar -C "$layers/$1" -xpf -
}

move_to() { # layer path
    make_parents "$1" "$2"
    mv -T "$bottom/$2" "$layers/$1/$2"
}

whiteout() { # layer path
    make_parents "$1" "$2"
    case $form in
        overlay) mknod "$layers/$1/$2" c 0 0 ;;
        aufs) touch "$layers/$1/$(dirname "$2")/.wh.$(basename "$2")" ;;
    esac
}

make_opaque() { # layer directory
    case $form in
        overlay) setfattr -n trusted.overlay.opaque -v y "$layers/$1/$2" ;;
        aufs) touch "$layers/$1/$2/.wh..wh..opq" ;;
    esac
}

plant_junk() { # directory below a layer
    mkdir -p "$1/junk.d/deep"
    echo junk | tee "$1/junk-1" "$1/junk-2" "$1/junk.d/one" "$1/junk.d/deep/two" >/dev/null
}

cd "$root"
# Whole subtrees that other layers hold.
move_to 6 usr/share/perl5
move_to 5 var/lib/dpkg/info
move_to 3 usr/lib/x86_64-linux-gnu/perl-base

# Opaque directories: what the layers below hold there must not show.
for directory in usr/share/doc etc/apt; do
    move_to 4 "$directory"
    make_opaque 4 "$directory"
    plant_junk "$bottom/$directory"
    make_parents 6 "$directory/x"
    plant_junk "$layers/6/$directory"
done

# Replaced files: the bottom holds an older one of another size and mode.
# Files with one link only: the other names of a hard link would be left behind in the bottom.
find usr/bin usr/sbin etc var/lib/dpkg -xdev -type f -links 1 ! -path 'etc/apt/*' ! -path 'etc/skel/*' ! -path 'var/lib/dpkg/info/*' | sort | awk 'NR % 7 == 0' |
    while read -r file; do
        move_to 2 "$file"
        echo "an older version of $file" > "$bottom/$file"
        chmod 0600 "$bottom/$file"
    done

# Removed files and directories, by a layer just above or by the top one.
for directory in usr usr/bin etc var/lib usr/share/bash-completion; do
    [ -d "$directory" ] || continue
    plant_junk "$bottom/$directory"
    whiteout 5 "$directory/junk-1"
    whiteout 1 "$directory/junk-2"
    whiteout 2 "$directory/junk.d"
done

# Changed types: a directory below where there is a file, a file below where there is a directory or a symlink.
move_to 3 etc/hostname
mkdir -p "$bottom/etc/hostname/was-a-directory"
move_to 2 etc/skel
make_opaque 2 etc/skel
echo 'was a file' > "$bottom/etc/skel"
[ ! -L etc/localtime ] || { move_to 4 etc/localtime; echo 'was a file' > "$bottom/etc/localtime"; }

# The roots of all layers look as the tree's.
for layer in 1 2 3 4 5 6 7; do chmod --reference="$root" "$layers/$layer"; chown --reference="$root" "$layers/$layer"; done
