#!/bin/sh
# Compiles and runs the tests of the C kernels, with SANITIZE=1 under sanitizers too.
# CC: the compiler (clang). ROUNDS: random problems per kernel and instruction set. SEED: of the
# random numbers. TESTS: names of tests, all else.
set -eu
cd "$(dirname "$0")"
cc=${CC:-clang}
rounds=${ROUNDS:-2000}
sources=../../Sources/CApusCPU
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
flags="-std=gnu11 -Wall -Wextra -Werror -I $sources/include -I $sources -I ."

# Compiles the kernels to objects below a folder: objects FOLDER FLAGS...
objects() {
  mkdir -p "$build/$1"
  for source in "$sources"/*.c; do
    # shellcheck disable=SC2086
    $cc $2 $flags -c "$source" -o "$build/$1/$(basename "$source" .c).o"
  done
}

platform=../../Sources/CApusPlatform
# shellcheck disable=SC2086
$cc -O2 $flags -I "$platform" -I "$platform/include" "$platform"/pool.c "$platform"/wait.c \
  "$platform"/memory.c "$platform"/system.c pool_test.c -lpthread -o "$build/pool_test"
"$build/pool_test" "$rounds"

tests=${TESTS:-gemm_test conv_test program_test math_test rows_test layout_test}
objects plain -O2
for test in $tests; do
  # shellcheck disable=SC2086
  $cc -O2 $flags "$build"/plain/*.o $test.c -lm -o "$build/$test"
  "$build/$test" "$rounds" ${SEED:-}
done

[ "${SANITIZE:-0}" = 1 ] || exit 0
sanitize="-O1 -g -Wno-pass-failed -fsanitize=address,undefined -fno-sanitize-recover=all"
# The other linkers warn of what the sanitizer adds.
linker=
command -v ld.lld >/dev/null && linker=-fuse-ld=lld
objects sanitized "$sanitize"
for test in $tests; do
  # shellcheck disable=SC2086
  $cc $sanitize $flags $linker "$build"/sanitized/*.o $test.c -lm -o "$build/$test-sanitized"
  "$build/$test-sanitized" $((rounds / 10 + 1)) ${SEED:-}
done
