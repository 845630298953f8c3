#!/bin/bash
# The first process of a host: builds its file system, starts its ssh server, and collects its orphans until it is killed.
# From the environment: PLACE (a folder for this host), NAME, ADDRESS, KEYS (a folder with host_key and authorized_keys),
# VENV and PYTHON (what the image brings), PTH (the file in VENV that says where the project lies), MADE_FROM (what install.sh
# compares), PROFILE (for .bashrc).
set -euo pipefail
mount --make-rprivate /
mount -t tmpfs host "$PLACE"
mkdir "$PLACE"/{upper,work,venv-upper,venv-work,root}
mount -t overlay -o lowerdir=/,upperdir="$PLACE/upper",workdir="$PLACE/work" root "$PLACE/root"
cd "$PLACE/root"

mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 run run
mkdir run/sshd

# The image: this machine's Python, and an environment that install.sh finds complete. It is this machine's, with a layer of the
# host's own above it, in which the project is that of the user's home folder.
mkdir -p ".$PYTHON" ".$VENV"
mount --bind "$PYTHON" ".$PYTHON"
mount -o remount,bind,ro ".$PYTHON"
mount -t overlay -o lowerdir="$VENV",upperdir="$PLACE/venv-upper",workdir="$PLACE/venv-work" venv ".$VENV"
user=/home/ubuntu
echo "$user/frontier-tuner" >".$VENV/$PTH"
printf '%s\n' "$MADE_FROM" >".$VENV/made-from"
chmod o+x root # where a Python of pyenv lies

printf '127.0.0.1 localhost\n%s %s\n' "$ADDRESS" "$NAME" >etc/hosts
hostname "$NAME"
install -m 600 "$KEYS/host_key" etc/ssh/lab_host_key
mkdir mnt.old
pivot_root . mnt.old
cd /
id ubuntu &>/dev/null || useradd --shell /bin/bash --password '*' ubuntu
install -d -o ubuntu -g ubuntu "$user"
install -d -m 700 -o ubuntu -g ubuntu "$user/.ssh"
install -m 600 -o ubuntu -g ubuntu "/mnt.old$KEYS/authorized_keys" "$user/.ssh/authorized_keys"
printf '%s\n' "$PROFILE" >"$user/.bashrc"
ln -s "$VENV" "$user/venv"
chown -R --no-dereference ubuntu:ubuntu "$user"
umount -l /mnt.old

until ip -br addr show eth0 2>/dev/null | grep -q "$ADDRESS"; do sleep 0.1; done
/usr/sbin/sshd -D -e -h /etc/ssh/lab_host_key -o PidFile=none -o UsePAM=no -o PasswordAuthentication=no -o StrictModes=no &
while :; do wait || true; sleep 1; done
