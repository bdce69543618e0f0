#!/usr/bin/env bash
# protoc-gen-am under protoc alone, as it is used outside of Bazel.
#
# usage: plain_protoc_test PROTOC PLUGIN OPTIONS_PROTO
set -euo pipefail
protoc=$1 plugin=$2 options=$3
out=$TEST_TMPDIR/out
mkdir "$out"

run() {
  "$protoc" "-I${options%/am/v1/options.proto}" -I. -I"$TEST_TMPDIR" \
    --plugin=protoc-gen-am="$plugin" --am_out="$out" "$@"
}

fail() {
  echo "$*" >&2
  exit 1
}

run tests/golden/inference.proto tests/golden/messages_only.proto
for name in inference messages_only; do
  for suffix in am.h am.cc am.mock.h; do
    diff "tests/golden/$name.$suffix.golden" "$out/tests/golden/$name.$suffix"
  done
done

cat >"$TEST_TMPDIR/refused.proto" <<'END'
syntax = "proto3";
message M {}
service S {
  rpc F(M) returns (stream M);
}
END
if run refused.proto 2>"$TEST_TMPDIR/stderr"; then fail 'not refused'; fi
diff - "$TEST_TMPDIR/stderr" <<'END'
--am_out: refused
refused.proto:4:21: rpc S.F: streams are not supported; drop `stream`, or move the rpc to a .proto that only gRPC's plugin reads
END
[[ ! -e $out/refused.am.h ]] || fail 'refused, and written nevertheless'
