# A sample of the oracle: random operations on the kernel's overlay and on ours give the same answers and the same trees, and each side then mounts
# the upper of the other.
. /guest/lib.sh

places() {
    new
    mkdir -p k/{upper,work,merged} o/{upper,work,merged}
    random layer "$1" lower
}

random_operations() {
    local seed=$1 options=$2 ours=$3
    places "$seed"
    mount -t overlay -o "lowerdir=lower,upperdir=k/upper,workdir=k/work,$options" overlay k/merged
    overlayfuse -o "lowerdir=lower,upperdir=o/upper,workdir=o/work,$options,$ours" o/merged
    random operations "$seed" "${OPERATIONS:-500}" k/merged o/merged
    random compare k/merged o/merged
    umount k/merged; overlayfuse unmount o/merged
    mount -t overlay -o "lowerdir=lower,upperdir=o/upper,workdir=o/work,$options" overlay k/merged
    overlayfuse -o "lowerdir=lower,upperdir=k/upper,workdir=k/work,$options,$ours" o/merged
    random compare k/merged o/merged
}

modes='io=stateless io=open'
at_least 6.9 && modes="$modes io=passthrough"
seed=${SEED:-1}
for mode in $modes; do
    for options in redirect_dir=off,index=off,metacopy=off redirect_dir=on,index=on,metacopy=off redirect_dir=on,index=on,metacopy=on; do
        check "random operations $seed: $mode,$options" random_operations "$seed" "$options" "$mode"
        check "random operations $((seed + 1)): $mode,$options" random_operations $((seed + 1)) "$options" "$mode"
        seed=$((seed + 2))
    done
done
