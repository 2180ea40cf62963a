#!/bin/sh
# Compiles and runs the tests of the C kernels, with SANITIZE=1 under sanitizers too.
# CC: the compiler (clang). ROUNDS: random problems per kernel and instruction set.
set -eu
cd "$(dirname "$0")"
cc=${CC:-clang}
rounds=${ROUNDS:-2000}
sources=../../Sources/CApusCPU
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
kernels=$(ls "$sources"/gemm*.c "$sources"/conv*.c "$sources"/depthwise*.c "$sources"/features.c)
flags="-std=gnu11 -Wall -Wextra -Werror -I $sources/include -I ."

platform=../../Sources/CApusPlatform
# shellcheck disable=SC2086
$cc -O2 $flags -I "$platform" -I "$platform/include" "$platform"/pool.c "$platform"/wait.c \
  "$platform"/memory.c "$platform"/system.c pool_test.c -lpthread -o "$build/pool_test"
"$build/pool_test" "$rounds"

for test in ${TESTS:-gemm_test conv_test}; do
  # shellcheck disable=SC2086
  $cc -O2 $flags $kernels $test.c -lm -o "$build/$test"
  "$build/$test" "$rounds"
  [ "${SANITIZE:-0}" = 1 ] || continue
  # shellcheck disable=SC2086
  $cc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $flags $kernels $test.c -lm \
    -o "$build/$test-sanitized"
  "$build/$test-sanitized" $((rounds / 10 + 1))
done
