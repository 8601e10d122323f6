#!/usr/bin/env bash
# Installs the real servers that `npm run test:relays` sends to: Postfix, and Cyrus SASL for its AUTH.
# For Debian and its like, as root. It never starts the system's own Postfix nor configures one: the tests
# run private instances in temporary folders. Running it again does nothing.
set -euo pipefail

packages=(postfix libsasl2-modules libsasl2-modules-db sasl2-bin ca-certificates)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "Nothing to install: ${packages[*]} are here."
  exit 0
fi

if [ "$(id -u)" != 0 ]; then
  echo "test/relays/install.sh needs root to install ${missing[*]}: run it with sudo." >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "test/relays/install.sh knows only Debian's apt-get: install ${missing[*]} by hand." >&2
  exit 1
fi

# While this says 101, packages do not start the services they bring (Debian's policy-rc.d).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
if command -v debconf-set-selections >/dev/null; then
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
fi
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "Installed: ${missing[*]}."
