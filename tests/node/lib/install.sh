# shellcheck shell=bash
# In the guest: /root/install.tar becomes the installed daemon, as a package's scripts would do it.
set -eu
tar xf /root/install.tar -C / --no-same-owner --keep-directory-symlink
rm /root/install.tar
ldconfig
for binary in /usr/bin/plimsolld /usr/bin/plimsollctl; do
  if [ -e $binary ] && ldd $binary | grep 'not found'; then
    echo "$binary: a library is missing in the image (tests/node/image-rootfs.sh)"
    exit 1
  fi
done
systemd-sysusers
systemd-tmpfiles --create --remove 2>/dev/null || true
journalctl --update-catalog
systemctl daemon-reload
systemctl reload dbus.service
