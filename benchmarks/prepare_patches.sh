#!/bin/sh
# The patches that the shipped 4x network is trained on: benchmarks/prepare_patches.sh DOCUMENTS OUT
# DOCUMENTS holds img/ and gt/, as for the suites books and receipts. OUT/patches is what docsr train --data takes;
# OUT/sources is what it was cut from. Books and vendors of receipts are others than those of the suites.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: benchmarks/prepare_patches.sh DOCUMENTS OUT" >&2
    exit 2
fi
documents=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2/sources/books" "$2/sources/receipts"
out=$(cd "$2" && pwd)

collect() { # FOLDER NAME...: links to the pages and to their text
    folder=$1
    shift
    for name in "$@"; do
        for page in "$documents"/img/$name.*; do
            stem=$(basename "${page%.*}")
            ln -sf "$page" "$folder/"
            ln -sf "$documents/gt/$stem.txt" "$folder/"
        done
    done
}

sh "$here/fetch_packages.sh" train "$out/sources/pdf"
sh "$here/fetch_packages.sh" fonts "$out/sources/fonts"
collect "$out/sources/books" 'oldbook_a*' 'oldbook_f*' 'oldbook_j*'
collect "$out/sources/receipts" sroie_290 sroie_299 sroie_306 sroie_434 sroie_435

prepare() { # KIND NAME [OPTION...]: nothing where it is done
    kind=$1 name=$2
    shift 2
    [ -f "$out/patches/$name/store.json" ] && return
    rm -rf "$out/patches/$name"
    docsr prepare "$kind" "$out/sources/$name" --out "$out/patches/$name" --jobs 2 "$@"
}

prepare pdf pdf --x-height 22 --per-page 5 --per-document 8
prepare fonts fonts --x-height 22 --per-page 5
prepare images books --x-height 22 --per-page 60
prepare images receipts --x-height 22 --per-page 150
