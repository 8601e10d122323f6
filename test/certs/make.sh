#!/bin/sh
# Makes the test certificates of this folder, with OpenSSL 3. Nobody has to run it: its output is
# committed, and lasts until 2126. The keys of both authorities are thrown away at the end, so a
# new run replaces every file, and no other certificate can ever be issued under `ca.pem`.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `openssl ca` rather than `openssl x509`: before OpenSSL 3.4 only it takes both dates.
cat > "$work/openssl.cnf" <<CONF
[ca]
default_ca = leaf
[leaf]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = empty
[empty]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONF
: > "$work/index.txt"

key() { # name
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"
}

authority() { # name, common name
  key "$1"
  openssl req -new -config "$work/openssl.cnf" -key "$work/$1.key" \
    -subj "/O=Postrider test fixture/CN=$2" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/openssl.cnf" -selfsign -keyfile "$work/$1.key" \
    -in "$work/$1.csr" -extensions authority \
    -startdate 20200101000000Z -enddate 21260101000000Z -out "$work/$1.crt" 2> /dev/null
}

leaf() { # name, authority, DNS name, last day
  key "$1"
  cat > "$work/$1.ext" <<EXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$3
EXT
  openssl req -new -config "$work/openssl.cnf" -key "$work/$1.key" \
    -subj "/O=Postrider test fixture/CN=$3" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/openssl.cnf" -keyfile "$work/$2.key" \
    -cert "$work/$2.crt" -in "$work/$1.csr" -extfile "$work/$1.ext" \
    -startdate 20200101000000Z -enddate "$4" -out "$work/$1.crt" 2> /dev/null
  publish "$1"
  { # Text before the first BEGIN is a comment to every PEM reader.
    echo "Postrider test fixture: a published key, worth nothing. Never use it for a real server."
    cat "$work/$1.key"
  } > "$1.key.pem"
}

publish() { # name
  {
    echo "Postrider test fixture: never trust it outside the tests."
    cat "$work/$1.crt"
  } > "$1.pem"
}

authority ca "Postrider test CA"
authority unknown-ca "Postrider unknown test CA"
publish ca

leaf good ca localhost 21260101000000Z
leaf wrong-host ca other.example 21260101000000Z
leaf expired ca localhost 20210101000000Z
leaf other-ca unknown-ca localhost 21260101000000Z
