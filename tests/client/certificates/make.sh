#!/usr/bin/env bash
# Makes the certificates of tests/client/tls.rs, for a hundred years. Their keys are no secret, and nothing but these tests trusts them.
set -euo pipefail
cd "$(dirname "$0")"
new=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500)
for root in root other-root; do
    openssl req -x509 "${new[@]}" -subj "/CN=purekv tests: $root" -keyout "$root.key" -out "$root.pem" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
done
sign() {
    openssl req -x509 "${new[@]}" -CA root.pem -CAkey root.key -subj "/CN=purekv tests: $1" -keyout "$1.key" -out "$1.pem" \
        -addext basicConstraints=critical,CA:false -addext "extendedKeyUsage=$2" -addext "subjectAltName=$3"
}
sign server serverAuth DNS:localhost
sign client clientAuth DNS:client
rm root.key other-root.key
