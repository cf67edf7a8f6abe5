#!/bin/bash
# image-boot.sh PACKAGES BUSYBOX DIR   kernel packages + a static busybox -> DIR/vmlinuz, DIR/initrd
#
# The initrd only loads the virtio drivers and hands over to the root file system.
set -euo pipefail
packages=$1 busybox=$2 dir=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/kernel" "$work/initrd"/{bin,dev,proc,sys,newroot,modules}

for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$work/kernel"; done
cp "$work"/kernel/boot/vmlinuz-* "$dir/vmlinuz"
version=$(basename "$work"/kernel/boot/vmlinuz-*)
version=${version#vmlinuz-}
if [ ! -d "$work/kernel/lib/modules" ]; then # merged /usr
  mkdir -p "$work/kernel/lib"
  mv "$work/kernel/usr/lib/modules" "$work/kernel/lib/"
fi
depmod -b "$work/kernel" "$version"

cd "$work/initrd"
cp "$busybox" bin/busybox
ln -s busybox bin/sh
# overlay: container storage; autofs4: systemd's automounts. All with what they depend on, in order.
for module in virtio_pci virtio_blk virtio_console overlay autofs4; do
  modprobe -d "$work/kernel" -S "$version" --show-depends "$module" 2>/dev/null || true
done | awk '/^insmod/ && !seen[$2]++ { print $2 }' >"$work/modules"
while read -r file; do
  name=$(basename "$file")
  case $name in
    *.xz) name=${name%.xz} && xz -dc "$file" >"modules/$name" ;;
    *.zst) name=${name%.zst} && zstd -qdc "$file" >"modules/$name" ;;
    *) cp "$file" "modules/$name" ;;
  esac
  echo "$name" >>modules/order
done <"$work/modules"

cat >init <<'INIT'
#!/bin/sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r m; do $b insmod "/modules/$m"; done </modules/order
i=0
while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do $b sleep 0.1; i=$((i + 1)); done
$b mount -t ext4 -o rw /dev/vda /newroot
$b mount --move /dev /newroot/dev
$b umount /proc
$b umount /sys
exec $b switch_root /newroot /sbin/init
INIT
chmod +x init
find . | cpio -o -H newc --quiet | gzip -1 >"$dir/initrd"
