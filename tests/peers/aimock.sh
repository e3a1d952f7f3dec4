#!/usr/bin/env bash
# gpbuild against a mock of the Images API that nobody here wrote: npm @copilotkit/aimock, as it is and with its chaos.
#
#     cargo build && tests/peers/aimock.sh [GPBUILD]
#
# Needs node, npm and its registry, and curl, and is left out where there is none; all else is in a temporary folder.
# Prints a table of what was sent and what gpbuild said of it, and ends with 1 where that is not what it must be.
set -euo pipefail
cd "$(dirname "$0")/../.."
gpbuild=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug/gpbuild}")
work=$(mktemp -d)
mock=
finish() {
    [ -z "$mock" ] || kill "$mock" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

if ! command -v curl >/dev/null ||
    ! npm install --silent --no-save --prefix "$work" @copilotkit/aimock@1.43.0 >/dev/null; then
    echo "left out: the mock cannot be had here"
    exit 0
fi
cli=$work/node_modules/@copilotkit/aimock/dist/cli.js
# A picture of 1024x1024, and a place where it can be fetched.
node - "$work" <<'JS'
const { deflateSync, crc32 } = require("node:zlib");
const { writeFileSync } = require("node:fs");
const part = (name, data) => {
  const body = Buffer.concat([Buffer.from(name), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
};
const head = Buffer.alloc(13);
head.writeUInt32BE(1024, 0);
head.writeUInt32BE(1024, 4);
head.set([8, 2, 0, 0, 0], 8);
const rows = Buffer.alloc(1024 * (1 + 3 * 1024), 0x60);
for (let y = 0; y < 1024; y++) rows[y * 3073] = 0;
const png = Buffer.concat([
  Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
  part("IHDR", head), part("IDAT", deflateSync(rows)), part("IEND", Buffer.alloc(0)),
]);
const work = process.argv[2];
writeFileSync(`${work}/1.png`, png);
const fixture = (image) => JSON.stringify({ fixtures: [{ match: { endpoint: "image" }, response: { image } }] });
writeFileSync(`${work}/inline.json`, fixture({ b64Json: png.toString("base64") }));
writeFileSync(`${work}/url.json`, fixture({ url: "http://127.0.0.1:PORT/1.png" }));
JS
node -e '
const { createServer } = require("node:http");
const { readFileSync, writeFileSync } = require("node:fs");
const work = process.argv[1];
createServer((_, answer) => answer.end(readFileSync(`${work}/1.png`)))
  .listen(0, "127.0.0.1", function () { writeFileSync(`${work}/port`, String(this.address().port)); });
' "$work" &
files=$!
finish_files() { kill "$files" 2>/dev/null || true; finish; }
trap finish_files EXIT
until [ -s "$work/port" ]; do sleep 0.1; done
sed -i "s/PORT/$(cat "$work/port")/" "$work/url.json"

failed=0
# The seconds that a run may take.
patience=60
# run NAME FIXTURE STATE OUTCOME MOST [CHAOS…]: what the asset must be, what the ledger says last, and the most requests.
run() {
    local name=$1 fixture=$2 state=$3 outcome=$4 most=$5
    shift 5
    local port=$((20000 + RANDOM % 20000)) project=$work/$name
    node "$cli" -p "$port" -f "$work/$fixture.json" "$@" >"$work/$name.log" 2>&1 &
    mock=$!
    until curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.1; done
    mkdir -p "$project"
    cat >"$project/gpbuild.toml" <<'TOML'
[defaults]
model = "openai/gpt-image-2"
quality = "low"
size = "1024x1024"
[cover.a]
text = { headline = "one" }
TOML
    export OPENAI_API_KEY=sk-of-nobody-0123456789 OPENAI_BASE_URL=http://127.0.0.1:$port/v1 GPBUILD_HOME=$project/.home
    timeout -s INT "$patience" "$gpbuild" -C "$project" build --yes --json >"$work/$name.out" 2>"$work/$name.err" || true
    local got sent last
    got=$(grep -o '"state":"[a-z]*"' "$work/$name.out" | head -1 | cut -d'"' -f4)
    last=$("$gpbuild" -C "$project" log --json | tail -1 | grep -o '"outcome":"[a-z]*"' | cut -d'"' -f4)
    sent=$("$gpbuild" -C "$project" log --json | wc -l)
    local verdict=ok
    if [ "$got" != "$state" ] || [ "$last" != "$outcome" ] || [ "$sent" -gt "$most" ]; then
        verdict="WRONG: wanted $state, $outcome, at most $most"
        failed=1
    fi
    printf '%-12s %8s %-8s %-10s %s\n' "$name" "$sent" "$got" "$last" "$verdict"
    kill "$mock"
    wait "$mock" 2>/dev/null || true
    mock=
}

printf '%-12s %8s %-8s %-10s\n' mode requests state ledger
run normal inline made answered 1
run url url made answered 1
run disconnect inline failed doubt 1 --chaos-disconnect 1
run malformed inline failed doubt 1 --chaos-malformed 1
run drop inline failed doubt 1 --chaos-drop 1
# Ended by ctrl-c where it would wait for minutes: what is looked at is how often it asks meanwhile.
patience=8
run ratelimit inline blocked refused 6 --chaos-ratelimit 1
exit "$failed"
