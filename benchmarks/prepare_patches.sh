#!/bin/sh
# The patches that the shipped networks are trained on: benchmarks/prepare_patches.sh DOCUMENTS OUT
# DOCUMENTS holds img/ and gt/, as for the suites books and receipts. OUT/patches is what docsr train --data takes for
# 4x, OUT/patches_x8, of larger text, for 8x; OUT/sources is what they were cut from. Books and vendors of receipts are
# others than those of the suites.
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

prepare() { # FOLDER KIND NAME [OPTION...]: nothing where it is done
    patches=$out/$1/$3 kind=$2 name=$3
    shift 3
    [ -f "$patches/store.json" ] && return
    rm -rf "$patches"
    docsr prepare "$kind" "$out/sources/$name" --out "$patches" --jobs 2 "$@"
}

prepare patches pdf pdf --x-height 22 --per-page 5 --per-document 8
prepare patches fonts fonts --x-height 22 --per-page 5
prepare patches images books --x-height 22 --per-page 60
prepare patches images receipts --x-height 22 --per-page 150
prepare patches_x8 pdf pdf --x-height 32 --per-page 4 --per-document 5
prepare patches_x8 fonts fonts --x-height 32 --per-page 4
