# Metacopies with the fs-verity digest of their data.
. /guest/lib.sh

verity() {
    new
    client verity lower/large; client verity lower/program
    ours metacopy=on,verity=require; chmod 700 merged/large; tree merged >first; ends
    getfattr -n trusted.overlay.metacopy -e hex upper/large
    kernels metacopy=on,redirect_dir=on,verity=require; same merged first; chmod 700 merged/program; tree merged >second; ends
    ours metacopy=on,verity=require; same merged second; ends
    # Another file below, with another digest.
    cp lower/large other; printf y | dd of=other conv=notrunc status=none; mv other lower/large; client verity lower/large
    ours metacopy=on,verity=require; refuses 'Input/output error' cat merged/large
}

without_verity() {
    new
    client verity lower/large
    ours metacopy=on,verity=on; chmod 700 merged/large; is "$(md5sum <merged/large)" "$(md5sum <lower/large)"
}

if at_least 6.6; then
    check 'verity, both ways' verity
else
    check 'verity without the kernel' without_verity
fi
