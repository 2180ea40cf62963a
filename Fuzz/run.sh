#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and runs each for a bounded time on its committed corpus.
#
#   Fuzz/run.sh [--seconds N] [--build-only] [TARGET ...]     all of Fuzz/Targets/*.swift, 60 s each
#
# Exits 1 when a target crashes, hangs, asks for too much memory or does not build. What it found and
# what it learned stay in .build-fuzz/TARGET. SwiftPM has no part in this: libFuzzer's flags would be
# unsafe flags, which bar a package from being a dependency. Swift's own compiler and clang suffice.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=60
build_only=0
targets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --build-only) build_only=1 ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
case "$seconds" in '' | *[!0-9]*) echo "--seconds takes whole seconds" >&2; exit 2 ;; esac

folder=${FUZZ_TARGETS:-Fuzz/Targets}
if [ ${#targets[@]} -eq 0 ]; then
  for file in "$folder"/*.swift; do
    [ -e "$file" ] && targets+=("$(basename "$file" .swift)")
  done
fi
if [ ${#targets[@]} -eq 0 ]; then
  echo "no fuzz targets in $folder" >&2
  exit 1
fi

out=.build-fuzz
mkdir -p "$out"
protobuf=.build/checkouts/swift-protobuf/Sources/SwiftProtobuf
strict=(-swift-version 6 -enable-upcoming-feature ExistentialAny
  -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility)

# The modules that fuzz targets may import, lowest first, with what each needs directly.
modules=(CApusPlatform CApusCPU CApusPlugin SwiftProtobuf ApusONNXSchema ApusTensor ApusLoops ApusIR ApusONNX
  ApusOptimizer ApusEngine ApusCPU ApusRuntime ApusBuilder Apus)
needs() {
  case "$1" in
    CApusPlatform | CApusCPU | CApusPlugin | SwiftProtobuf) ;;
    ApusONNXSchema) echo SwiftProtobuf ;;
    ApusTensor) echo CApusPlatform ;;
    ApusLoops) echo ApusTensor ;;
    ApusIR) echo ApusTensor ApusLoops CApusPlatform ;;
    ApusONNX) echo ApusIR ApusTensor ApusLoops ApusONNXSchema SwiftProtobuf ;;
    ApusOptimizer) echo ApusIR ApusTensor ApusLoops ;;
    ApusEngine) echo ApusIR ApusTensor ApusLoops CApusPlatform ;;
    ApusCPU) echo ApusEngine ApusIR CApusCPU CApusPlatform ;;
    ApusRuntime) echo ApusEngine ApusIR CApusPlatform ;;
    ApusBuilder) echo ApusEngine ApusOptimizer ApusRuntime ApusIR CApusPlatform ;;
    Apus) echo ApusONNX ApusOptimizer ApusBuilder ApusRuntime ApusCPU ApusEngine ApusIR CApusPlugin ;;
    *) echo "Fuzz/run.sh does not know the module $1" >&2; return 1 ;;
  esac
}

# A line "// NAME: words" at the head of a target.
setting() { sed -nE "s|^// $2: *(.*)|\1|p" "$folder/$1.swift"; }
corpus_of() { local name; name=$(setting "$1" Corpus); echo "Fuzz/corpus/${name:-$1}"; }

# What a target and the sources that it borrows import.
imports() {
  sed -nE 's/^ *(@[A-Za-z]+ +)*(package |internal |public )?import +(C?Apus[A-Za-z]*).*/\3/p' "$@"
}

# A module and everything below it, lowest first.
closure() {
  local wanted=" $* " index module below
  for ((index = ${#modules[@]} - 1; index >= 0; index--)); do
    module=${modules[index]}
    case "$wanted" in *" $module "*) ;; *) continue ;; esac
    below=$(needs "$module")
    wanted+="$below "
  done
  for module in "${modules[@]}"; do
    case "$wanted" in *" $module "*) echo "$module" ;; esac
  done
}

# Compiles a Swift module unless it was compiled after its sources and the objects below it changed.
# Objects that come out the same keep their time, so a stamp tells when that was.
compile() {
  local module=$1 sources below flags=(-O -g -wmo -parse-as-library -module-name "$1" -I "$out" -c
    -emit-module -emit-module-path "$out/$1.swiftmodule" -o "$out/$1.o" "${clang_modules[@]}")
  sources=Sources/$module
  case "$module" in
    SwiftProtobuf)
      [ -d "$protobuf" ] || swift package resolve
      sources=$protobuf
      flags+=(-package-name swift-protobuf -suppress-warnings) ;;
    ApusONNXSchema) flags+=(-package-name apus) ;;
    *) flags+=(-package-name apus -sanitize=fuzzer "${strict[@]}") ;;
  esac
  if [ -e "$out/$module.stamp" ]; then
    local stale=
    for below in $(needs "$module"); do
      [ "$out/$below.o" -nt "$out/$module.stamp" ] && stale=1
    done
    [ -n "$(find "$sources" -newer "$out/$module.stamp" -name '*.swift' -print -quit)" ] && stale=1
    [ -z "$stale" ] && return
  fi
  echo "compiling $module"
  find "$sources" -name '*.swift' | LC_ALL=C sort > "$out/$module.list"
  touch "$out/$module.next"
  swiftc "${flags[@]}" "@$out/$module.list"
  mv "$out/$module.next" "$out/$module.stamp"
}

compile_c() {
  local module=$1 object objects=() file
  printf 'module %s {\n  umbrella "%s"\n  export *\n}\n' \
    "$module" "$PWD/Sources/$module/include" > "$out/$module.modulemap"
  if [ -e "$out/$module.o" ] \
    && [ -z "$(find "Sources/$module" -newer "$out/$module.o" -type f -print -quit)" ]; then
    return
  fi
  echo "compiling $module"
  for file in Sources/"$module"/*.c; do
    object=$out/$module-$(basename "$file" .c).o
    clang -O1 -g -Wno-pass-failed -fsanitize=fuzzer-no-link -I "Sources/$module/include" -c "$file" -o "$object"
    objects+=("$object")
  done
  clang -r -nostdlib -o "$out/$module.o" "${objects[@]}"
}

# Everything that the targets need; the protobuf modules, which stand apart, beside the others.
clang_modules=()
all=()
for target in "${targets[@]}"; do
  [ -e "$folder/$target.swift" ] || { echo "there is no $folder/$target.swift" >&2; exit 2; }
  # shellcheck disable=SC2046
  all+=($(imports "$folder/$target.swift" $(setting "$target" Sources)))
done
order=$(closure "${all[@]}")
for module in CApusPlatform CApusCPU CApusPlugin; do
  clang_modules+=(-Xcc "-fmodule-map-file=$out/$module.modulemap")
  compile_c "$module"
done
beside=
case "$order" in
  *ApusONNXSchema*)
    { compile SwiftProtobuf && compile ApusONNXSchema; } &
    beside=$! ;;
esac
for module in $order; do
  case "$module" in
    CApus* | SwiftProtobuf | ApusONNXSchema | ApusONNX | Apus) ;;
    *) compile "$module" ;;
  esac
done
[ -n "$beside" ] && wait "$beside"
for module in $order; do
  case "$module" in ApusONNX | Apus) compile "$module" ;; esac
done

failed=()
for target in "${targets[@]}"; do
  source=$folder/$target.swift
  # shellcheck disable=SC2046
  borrowed=($(setting "$target" Sources))
  objects=()
  for module in $(closure $(imports "$source" ${borrowed[@]+"${borrowed[@]}"})); do
    objects+=("$out/$module.o")
  done
  mkdir -p "$out/$target/found" "$out/$target/learned"
  borrowed+=(Fuzz/FuzzTarget.swift)
  if [ -z "$(find "$source" "${borrowed[@]}" "${objects[@]}" -newer "$out/$target/run" 2>&1 | head -n 1)" ]; then
    :
  else
    echo "linking $target"
    entry=$out/$target/Entry.swift
    cat > "$entry" << END
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  FuzzTarget.$target(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
END
    swiftc -O -g -parse-as-library -module-name "Fuzz_$target" -package-name apus "${strict[@]}" \
      -sanitize=fuzzer -I "$out" "${clang_modules[@]}" "$source" "$entry" "${borrowed[@]}" \
      "${objects[@]}" -o "$out/$target/run"
  fi
  [ $build_only = 1 ] && continue

  corpus=$(corpus_of "$target")
  [ -d "$corpus" ] || { echo "there is no corpus $corpus" >&2; exit 2; }
  echo "fuzzing $target for $seconds s"
  status=0
  # New inputs go to the first folder; the committed corpus is only read.
  SWIFT_BACKTRACE=enable=no timeout --kill-after=10 $((seconds + 60)) "$out/$target/run" \
    "$out/$target/learned" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=1024 -max_len=65536 -artifact_prefix="$out/$target/found/" \
    > "$out/$target/log" 2>&1 < /dev/null || status=$?
  tail -n 1 "$out/$target/log"
  if [ $status -ne 0 ]; then
    failed+=("$target")
    echo "$target: exit $status; the input is in $out/$target/found, the log in $out/$target/log" >&2
  fi
done
[ $build_only = 1 ] && exit 0
echo "$((${#targets[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
