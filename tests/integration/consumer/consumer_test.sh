#!/usr/bin/env bash
# Runs the tests of the workspace beside this script.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/workspace"

# Bazel clears the environment of tests, and in a test it would put its output
# into their temporary directory: everything would be built anew each time.
USER=$(id -un)
HOME=$(getent passwd "$USER" | cut -d: -f6)
export USER HOME
if [[ -w $HOME ]]; then unset TEST_TMPDIR; fi

# No server is left running, and no links in the tree.
bazel --batch test --symlink_prefix=/ --noshow_progress //...
