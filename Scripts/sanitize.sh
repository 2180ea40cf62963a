#!/usr/bin/env bash
# Unit tests under sanitizers, and the C kernels: Scripts/sanitize.sh [address] [thread] [kernels]
#
# Debug builds of their own (.build-address, .build-thread), by default of the suites that handle
# memory and threads: tensors, readers, engines, sessions, the server. SUITES replaces them (a regular expression,
# '.' for all, which takes hours: the numeric tests are some thirty times slower than in release).
# The thread sanitizer does not see contended locks of Synchronization.Mutex by itself; thread_sanitizer/mutex.c, loaded
# before the tests, tells it.
# LIMIT is the time-out of a test run in seconds. Ends with one line a variant; exits 1 on a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
suites=${SUITES:-'ApusTensorTests|EngineFileTests|SessionTests|EnginePlanTests|NumPy|ByteCoding|HostileModel|ExternalData|TensorEncoding|Payload|Materializer|ApusModelConfigTests|ApusServingTests|ApusHTTPTests|ApusGRPCTests'}
limit=${LIMIT:-1500}
variants=("$@")
[ ${#variants[@]} -eq 0 ] && variants=(kernels address thread)
# The leak checker traces its own process, which containers often forbid and then hang.
export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=0:exitcode=66
summary=()
failed=0

finish() {
  local name=$1 status=$2 seconds=$3 verdict=passed
  [ "$status" -eq 124 ] && verdict="ran past its limit"
  if [ "$status" -ne 0 ]; then
    failed=1
    [ "$status" -ne 124 ] && verdict="FAILED (exit $status)"
  fi
  summary+=("$name: $verdict, $seconds s")
}

for variant in "${variants[@]}"; do
  start=$SECONDS
  status=0
  case "$variant" in
    kernels)
      for script in Tests/CKernels/*.sh; do
        SANITIZE=1 ROUNDS=${ROUNDS:-200} timeout --kill-after=10 "$limit" sh "$script" || status=$?
      done ;;
    address | thread)
      path=.build-$variant
      flags=(--traits Server --scratch-path "$path" --sanitize="$variant")
      preload=()
      swift build --build-tests "${flags[@]}" || status=$?
      if [ $status -eq 0 ] && [ "$variant" = thread ]; then
        preload=(env "LD_PRELOAD=$PWD/$path/mutex.so")
        clang -O1 -Wall -shared -fPIC -o "$path/mutex.so" Scripts/thread_sanitizer/mutex.c -ldl || status=$?
      fi
      if [ $status -eq 0 ]; then
        timeout --kill-after=10 "$limit" "${preload[@]}" swift test "${flags[@]}" \
          --skip-build --no-parallel --filter "$suites" || status=$?
      fi ;;
    *) echo "there is no variant $variant" >&2; exit 2 ;;
  esac
  finish "$variant" "$status" $((SECONDS - start))
done
printf '\n'
printf '%s\n' "${summary[@]}"
exit $failed
