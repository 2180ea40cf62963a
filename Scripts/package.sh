#!/usr/bin/env bash
# What users install: Scripts/package.sh [--output DIR] [--check]
#
# Builds apus with the server as one executable that needs glibc and nothing else, and packs it as
#   DIR/apus-VERSION-linux-ARCH.tar.gz              the program, links with the names it answers to, licences
#   DIR/apus-VERSION-py3-none-manylinux_X_Y_ARCH.whl   the same program for pip; X.Y is measured
#   DIR/Containerfile                               builds the image from the tarball beside it
# The build has a folder of its own (.build-package) and takes some 16 minutes of processor time. It optimises across
# modules, and leaves out the checks that two accesses to a variable never overlap, with which the tests run: a sixteenth
# and a sixth of the instructions of a small request.
# --check runs both in bare roots afterwards (Tests/Packaging/check_package.py; needs root).
# SKIP_BUILD=1 packs the program that is already built.
set -euo pipefail
cd "$(dirname "$0")/.."
output=.build-package/packages
check=0
while [ $# -gt 0 ]; do
  case "$1" in
    --output) output=${2:?--output takes a folder}; shift ;;
    --output=*) output=${1#--output=} ;;
    --check) check=1 ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; --help lists them" >&2; exit 2 ;;
  esac
  shift
done
scratch=.build-package
arch=$(uname -m)
version=$(sed -n 's/.*static let version = "\([^"]*\)".*/\1/p' Sources/Apus/Compiler.swift)
[ -n "$version" ] || { echo "Sources/Apus/Compiler.swift names no version" >&2; exit 1; }
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "warning: files are changed that no commit holds" >&2
fi
export APUS_COMMIT=${APUS_COMMIT:-$(git rev-parse HEAD)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct "$APUS_COMMIT")}
step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# The linker takes a shared library before a static one of the same name, unless the first folder
# that it looks into has nothing but the static one.
static=$PWD/$scratch/static
mkdir -p "$static"
for name in libstdc++.a libz.a libgcc.a libgcc_eh.a; do
  path=$(clang -print-file-name="$name")
  [ -e "$path" ] || { echo "$name is not installed" >&2; exit 1; }
  ln -sf "$path" "$static/$name"
done
clang -O2 -Wall -Wextra -Werror -fPIC -fno-builtin -c Packaging/glibc_2_34.c \
  -o "$static/glibc_2_34.o"

program=$scratch/release/apus
if [ -z "${SKIP_BUILD:-}" ]; then
  step "build"
  swift build -c release --product apus --scratch-path "$scratch" --traits Server \
    --static-swift-stdlib -debug-info-format none -Xswiftc "-L$static" \
    -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked \
    -Xswiftc -Xclang-linker -Xswiftc -static-libgcc -Xlinker "$static/glibc_2_34.o" \
    -Xlinker -z -Xlinker now
fi

step "strip and measure"
name=apus-$version-linux-$arch
stage=$scratch/stage
rm -rf "$stage"
mkdir -p "$stage/$name/bin" "$stage/$name/lib/systemd/system" "$output"
strip --strip-all -o "$stage/$name/bin/apus" "$program"
glibc=$(python3 Packaging/requirements.py "$stage/$name/bin/apus")
echo "needs glibc $glibc"
shown=$("$stage/$name/bin/apus" --version)
[[ $shown == "apus $version (commit ${APUS_COMMIT:0:12})" ]] \
  || { echo "the program calls itself '$shown'" >&2; exit 1; }

step "pack"
for link in trtexec polygraphy tritonserver; do ln -s apus "$stage/$name/bin/$link"; done
cp LICENSE NOTICE README.md "$stage/$name/"
cp Packaging/apus.service "$stage/$name/lib/systemd/system/"
python3 Packaging/notices.py --checkouts "$scratch/checkouts" \
  --toolchain "$(dirname "$(readlink -f "$(command -v swiftc)")")/.." \
  > "$stage/$name/THIRD-PARTY-NOTICES"
chmod -R u=rwX,go=rX "$stage/$name"
rm -f "$output"/apus-*.tar.gz "$output"/apus-*.whl
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
  --directory "$stage" "$name" | gzip -9 --no-name > "$output/$name.tar.gz"
python3 python/build_wheel.py --root "$stage/$name" --version "$version" \
  --platform "manylinux_${glibc/./_}_$arch" --output "$output"
cp Packaging/Containerfile "$output/"
ls -l "$stage/$name/bin/apus" "$output"/apus-*

if [ $check = 1 ]; then
  step "check"
  python3 Tests/Packaging/check_package.py --packages "$output"
fi
step "done"
