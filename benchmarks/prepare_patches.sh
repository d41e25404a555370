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
mkdir -p "$2/sources/books" "$2/sources/receipts" "$2/sources/receipts_small"
out=$(cd "$2" && pwd)

# Receipts, by their numbers; the text of the small ones is not large enough for all that is asked of the others.
large="001 005 006 007 019 021 026 028 039 042 061 064 065 072 074 077 078 087 089 098 107 130 137 143 149 150 151 154
    156 157 159 160 290 299 306 434 435"
small="013 029 040 060 092 099 112 131 132"

names() { # NUMBER...
    printf 'sroie_%s ' "$@"
}

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
collect "$out/sources/receipts" $(names $large $small)
collect "$out/sources/receipts_small" $(names $small)

prepare() { # KIND SOURCE NAME [OPTION...]: nothing where it is done
    kind=$1 source=$2 name=$3
    shift 3
    [ -f "$out/patches/$name/store.json" ] && return
    rm -rf "$out/patches/$name"
    docsr prepare "$kind" "$out/sources/$source" --out "$out/patches/$name" --jobs 2 "$@"
}

prepare pdf pdf pdf --x-height 22 --per-page 5 --per-document 8
prepare fonts fonts fonts --x-height 22 --per-page 5
prepare images books books --x-height 22 --per-page 60
prepare images receipts receipts --x-height 22 --per-page 400
prepare images receipts_small receipts_small --x-height 14 --per-page 300
prepare pdf pdf pdf_large --x-height 32 --per-page 4 --per-document 5
prepare fonts fonts fonts_large --x-height 32 --per-page 4
mkdir -p "$out/patches_x8"
ln -sfn ../patches/pdf_large "$out/patches_x8/pdf"
ln -sfn ../patches/fonts_large "$out/patches_x8/fonts"
