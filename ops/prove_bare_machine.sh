#!/usr/bin/env bash
# Proves the claim of docs/bare-machine.md: a Debian 12 with nothing on it but `make` runs this project.
#   sudo ops/prove_bare_machine.sh [root] [user] [test]      (all three by default)
# root  make demo as root, in a clone under /root;   user  make demo as a person without sudo, in a folder with a space;
# test  make test as root. After each demo a second one runs without any network.
# Each runs in its own debootstrap tree, mount and process namespace: nothing is mounted once it ends.
# Environment: WORK (an empty folder on a disk with 5 GB), MIRROR (default: the machine's own), INCLUDE (more packages).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "$(id -u)" = 0 ] || { echo "debootstrap and chroot need root"; exit 1; }

repository=$PWD
WORK=${WORK:-$(mktemp -d /var/tmp/bare-machine.XXXXXX)}
MIRROR=${MIRROR:-$(sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +([^ ]+).*/\3/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -m1 '/debian/\?$' || true)}
PORT=${PORT:-8765}

[ -z "$(ls -A "$WORK")" ] || { echo "$WORK is not empty, and would be deleted at the end"; exit 1; }

make_base() {
  echo "== a bare Debian 12 in $WORK/base"
  debootstrap --variant=minbase --include="make,ca-certificates${INCLUDE:+,$INCLUDE}" bookworm "$WORK/base" "$MIRROR" >"$WORK/debootstrap.log"
  # how this machine reaches its mirrors: names, certificates, pip's configuration
  cp -L /etc/resolv.conf /etc/hosts "$WORK/base/etc/"
  cp -L /etc/apt/sources.list.d/debian.sources "$WORK/base/etc/apt/sources.list.d/" 2>/dev/null &&
    : >"$WORK/base/etc/apt/sources.list"
  cp /etc/apt/apt.conf.d/*artifact* "$WORK/base/etc/apt/apt.conf.d/" 2>/dev/null || true
  cp -L /etc/ssl/certs/ca-certificates.crt "$WORK/base/etc/ssl/certs/"
  for file in ~/.pip/pip.conf ~/.config/pip/pip.conf /etc/pip.conf; do
    cp -L "$file" "$WORK/base/etc/pip.conf" 2>/dev/null || true
  done
}

scenario() { # scenario NAME USER FOLDER COMMAND...: a fresh tree with a fresh clone
  local name=$1 user=$2 folder=$3 tree=$WORK/$1
  shift 3
  cp -a "$WORK/base" "$tree"
  [ "$user" = root ] || chroot "$tree" useradd --create-home "$user"
  git clone --quiet --no-local "$repository" "$tree$folder"
  chroot "$tree" chown -R "$user:" "$folder"
  echo "== $name: as $user in $folder"
  inside "$tree" "$user" "$folder" "" "$@"
}

inside() { # inside TREE USER FOLDER WRAPPER COMMAND...: run it there; proc and dev exist only as long as it runs
  local tree=$1 user=$2 folder=$3 wrapper=$4
  shift 4
  unshare --mount --pid --fork --kill-child $wrapper bash -c '
    tree=$1 user=$2 folder=$3; shift 3
    ip link set lo up 2>/dev/null || true
    mount -t proc proc "$tree/proc" && mount --rbind /dev "$tree/dev"
    exec chroot "$tree" setpriv --reuid="$user" --regid="$user" --init-groups --reset-env \
      env PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin bash -c "cd \"\$0\" && exec \"\$@\"" "$folder" "$@"
  ' - "$tree" "$user" "$folder" "$@"
}

watch_demo='
  make demo PORT=$0 >/tmp/demo.log 2>&1 & demo=$!
  for _ in $(seq 900); do
    grep -q "city is open" /tmp/demo.log && break
    kill -0 $demo 2>/dev/null || break
    sleep 1
  done
  cat /tmp/demo.log
  grep -q "city is open" /tmp/demo.log || exit 1
  kill -INT "$(grep -o "[0-9]*" var/demo/lock | head -n 1)"
  wait $demo; echo "make ended with $?"'

demo() { # demo NAME USER FOLDER
  scenario "$1" "$2" "$3" bash -c "$watch_demo" "$PORT"
  echo "== $1: the second time, without any network"
  inside "$WORK/$1" "$2" "$3" --net bash -c "$watch_demo" "$PORT"
}

clean() {
  if grep -q " $WORK/" /proc/mounts; then
    echo "something is still mounted under $WORK: not deleting it"
  else
    rm -rf -- "${WORK:?}"
  fi
}
trap clean EXIT

make_base
for wanted in "${@:-root user test}"; do
  for name in $wanted; do
    case $name in
      root) demo root root /root/SanXian ;;
      user) demo user newcomer "/home/newcomer/a folder/with 三线/in it/SanXian" ;;
      test) scenario test root /srv/SanXian make test ;;
      *) echo "root, user or test"; exit 1 ;;
    esac
    rm -rf -- "${WORK:?}/$name"
  done
done
echo "== proven"
