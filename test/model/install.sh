#!/usr/bin/env bash
# What `npm run model` needs, on Debian: Spin, and a C compiler for the programs that it writes.
set -euo pipefail
apt-get install -y --no-install-recommends spin gcc libc6-dev
