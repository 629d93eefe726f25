#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, in var/secrets. Those that are there stay as they are.
# Keep a copy of pii_key apart from the backups: without it nobody can read the personal data in them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p var/secrets
chmod 700 var/secrets # the files must be readable by the container's user; the folder shuts others out

keep() { # keep NAME VALUE
  [ -s "var/secrets/$1" ] || { printf '%s' "$2" >"var/secrets/$1" && echo "made var/secrets/$1"; }
  chmod 444 "var/secrets/$1"
}
random() { head -c 36 /dev/urandom | base64 | tr -d '/+=\n'; }

keep postgres_password "$(random)"
keep redis_password "$(random)"
keep secret_key "$(random)$(random)"
keep pii_key "$(random)"
keep database_url "postgres://sanxian:$(cat var/secrets/postgres_password)@database:5432/sanxian"
keep redis_url "redis://:$(cat var/secrets/redis_password)@broker:6379/0"
