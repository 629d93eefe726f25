#!/usr/bin/env bash
# Makes this folder able to run, then runs one of its Python modules: ops/up.sh ops.demo
#   step 1  what Debian gives: Python, PostgreSQL with PostGIS, for the tests a browser (only what is missing)
#   step 2  the Python packages of requirements*.txt in .venv (only when that file changed)
# The machine itself stays as it is: missing Debian packages are unpacked under var/debian, which needs no root.
# The browser of the tests is the one exception (apt-get install, as root or by sudo).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

module=$1
DEBIAN=$PWD/var/debian
LOG=$PWD/var/install.log
APT=(-q -o "Dir::State::Lists=$DEBIAN/apt/lists" -o "Dir::Cache=$DEBIAN/apt/cache" -o APT::Sandbox::User=root)
export STARTED_AT=$EPOCHSECONDS PYTHONUTF8=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
case $module in
  ops.test | ops.faults | bench) requirements=requirements-dev.txt ;;
  *) requirements=requirements.txt ;;
esac
case $module in # how many steps there are, with the two of this script
  ops.demo) steps=9 ;;
  ops.test) steps=16 ;;
  ops.backup) steps=4 ;;
  *) steps=2 ;;
esac

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
try() { # try WHAT COMMAND...: output goes to var/install.log, and its end to the screen when it fails
  local what=$1; shift
  "$@" >>"$LOG" 2>&1 || { tail -n 15 "$LOG" >&2; fail "$what failed; the whole log is var/install.log"; }
}

# --- step 1: Debian -----------------------------------------------------------------------------------------
read_package_lists() {
  [ ! -e "$DEBIAN/apt/lists-are-read" ] || return 0
  mkdir -p "$DEBIAN"/apt/{lists,cache/archives}/partial
  try "Reading Debian's package lists (is the network there?)" \
    apt-get "${APT[@]}" -o APT::Update::Error-Mode=any update
  touch "$DEBIAN/apt/lists-are-read"
}

unpack() { # unpack PACKAGE...: these, and what they need and the machine lacks, under var/debian
  say "      unpacking $* under var/debian (no root needed)"
  cd "$DEBIAN/apt/cache"
  apt-get "${APT[@]}" -s install --no-install-recommends "$@" >plan 2>>"$LOG" ||
    fail "Debian does not offer $*; see var/install.log"
  # "Inst name (version ...)" is new; "Inst name [old] (version ...)" would upgrade the machine's own: left alone
  awk '$1 == "Inst" && $3 ~ /^\(/ { print $2 }' plan | cat - <(printf '%s\n' "$@") | sort -u >wanted
  try "Downloading from Debian" xargs -a wanted apt-get "${APT[@]}" download
  for package in *.deb; do try "Unpacking" dpkg -x "$package" "$DEBIAN"; done
  rm -- *.deb
  cd - >/dev/null
}

find_python() { # prints a Python on the PATH of at least 3.11
  local name
  for name in python3 python3.11 python3.12 python3.13; do
    if "$name" -c 'import ctypes, ssl, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name" && return
    fi
  done
  return 1
}

provide_python() {
  PYTHON=$(find_python) && return
  PYTHON=$DEBIAN/usr/bin/python3
  if [ ! -e "$DEBIAN/python-is-here" ]; then
    read_package_lists
    unpack python3
    touch "$DEBIAN/python-is-here"
  fi
  LD_LIBRARY_PATH=$(printf '%s:' "$DEBIAN"/{usr/,}lib/*-linux-gnu*)
  export LD_LIBRARY_PATH
}

provide_pip() { # Debian's Python has no pip for new environments until python3-venv is installed; its wheel will do
  PIP_WHEEL=
  "$PYTHON" -c 'import ensurepip' 2>/dev/null && return
  compgen -G "$DEBIAN/usr/share/python-wheels/pip-*.whl" >/dev/null || { read_package_lists; unpack python3-pip-whl; }
  PIP_WHEEL=$(compgen -G "$DEBIAN/usr/share/python-wheels/pip-*.whl")
}

provide_postgresql() {
  [ -z "${DATABASE_URL:-}${DATABASE_URL_FILE:-}" ] || return 0
  "$PYTHON" -m ops.binaries >/dev/null 2>&1 && return
  read_package_lists
  local postgis
  postgis=$(apt-cache "${APT[@]}" pkgnames postgresql- | grep -E '^postgresql-[0-9]+-postgis-3$' | sort -V | tail -n 1)
  unpack "${postgis%-postgis-3}" "$postgis"
  for control in "$DEBIAN"/usr/share/postgresql/*/extension/postgis-3.control; do # Debian links it on installation
    cp "$control" "${control/postgis-3/postgis}"
  done
}

provide_browser() {
  [ "$module" = ops.test ] && [ "${JOURNEYS:-1}" = 1 ] || return 0
  if [ -x /usr/bin/chromium-headless-shell ] || [ -x /usr/bin/chromium ]; then
    ! dpkg -s fonts-noto-cjk >/dev/null 2>&1 || return 0
  fi
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  [ -z "$sudo" ] || command -v sudo >/dev/null ||
    fail "The browser tests need chromium-headless-shell and fonts-noto-cjk, and only root can install them. JOURNEYS=0 make test leaves those tests out."
  say "      installing chromium-headless-shell and fonts-noto-cjk with apt-get${sudo:+ by sudo}"
  try "apt-get update" $sudo apt-get -q update
  try "apt-get install" $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends chromium-headless-shell fonts-noto-cjk
}

# --- step 2: Python packages ------------------------------------------------------------------------------------------
make_environment() {
  .venv/bin/python -c 'import ssl' 2>/dev/null && return
  rm -rf .venv
  try "Making .venv" "$PYTHON" -m venv --without-pip .venv
}

pip_install() { # by uv where it is and no other index is configured for pip (uv does not read pip's configuration)
  if command -v uv >/dev/null && [ -z "${PIP_INDEX_URL:-}" ] && ! grep -qs '^index-url' "${PIP_CONFIG_FILE:-/etc/pip.conf}" ~/.config/pip/pip.conf ~/.pip/pip.conf; then
    uv pip install --python .venv/bin/python --require-hashes -r "$requirements" && return
  fi
  if [ -n "$PIP_WHEEL" ]; then
    .venv/bin/python "$PIP_WHEEL/pip" install --no-compile --require-hashes -r "$requirements"
  else
    .venv/bin/python -m ensurepip && .venv/bin/python -m pip install --no-compile --require-hashes -r "$requirements"
  fi
}

install_requirements() {
  local stamp=.venv/$requirements.installed hash
  hash=$(sha256sum <"$requirements")
  [ "$(cat "$stamp" 2>/dev/null)" != "$hash" ] || return 0
  say "      installing $(grep -c == "$requirements") packages into .venv (half a minute to two minutes)"
  try "Installing the Python packages" pip_install
  say "$hash" >"$stamp"
}

mkdir -p var 2>/dev/null && [ -w var ] || fail "var/ cannot be written by $(id -un): it belongs to $(stat -c %U var). Remove it or run as that user."
exec 9>var/install.lock
flock 9
rm -rf "$DEBIAN/apt" # of a run that was interrupted
say "[1/$steps] Debian: Python, PostgreSQL with PostGIS"
provide_python
provide_pip
provide_postgresql
provide_browser
rm -rf "$DEBIAN/apt"
say "[2/$steps] Python packages in .venv"
make_environment
install_requirements
exec 9>&-
exec .venv/bin/python -m "$@"
