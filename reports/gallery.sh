#!/usr/bin/env bash
# Makes reports/gallery again: figures of the README and one page as a picture. The page needs Chromium; without it
# that picture is left as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

cargo run --release -- check --effort standard --out "$out"
mkdir -p reports/gallery
for figure in figure-one stability-region kl-rate-flat euler-order; do
  cp "$out/figures/$figure.png" reports/gallery/
done

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -n "$browser" ]; then
  "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run \
    --user-data-dir="$out/profile" --window-size=1200,1600 \
    --screenshot="$PWD/reports/gallery/page.png" "file://$out/index.html" 2>/dev/null
else
  echo "no Chromium: reports/gallery/page.png not made again" >&2
fi
