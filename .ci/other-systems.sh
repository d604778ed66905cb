#!/usr/bin/env bash
# Whether the Rust compiles for the systems that this machine is not: cargo check, with stubs for the C parts, as nothing is linked.
# usage: .ci/other-systems.sh [TARGET…]     adds the targets with rustup, where they are missing
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-apple-darwin x86_64-pc-windows-gnu)

stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
# A compiler and an archiver that leave an empty file where a real one would leave its work.
cat > "$stubs/cc" <<'STUB'
#!/bin/sh
previous=
for word in "$@"; do
  [ "$previous" = -o ] && : > "$word"
  case "$word" in *.a|*.lib) : > "$word" ;; esac
  previous=$word
done
STUB
printf '#!/bin/sh\n' > "$stubs/cmake"
touch "$stubs/libnode.dll"
chmod +x "$stubs"/*

rustup target add "${targets[@]}"
for target in "${targets[@]}"; do
  echo "── $target"
  name=${target//-/_}
  env CMAKE="$stubs/cmake" LIBNODE_PATH="$stubs" SDKROOT="$stubs" "CC_$name=$stubs/cc" "CXX_$name=$stubs/cc" "AR_$name=$stubs/cc" \
    cargo check --target "$target" --target-dir target/other-systems
done
