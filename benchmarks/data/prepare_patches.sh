#!/bin/sh
# The patches that the shipped networks are trained on: benchmarks/data/prepare_patches.sh DOCUMENTS OUT
# DOCUMENTS holds img/ and gt/, as for the suites books and receipts. What docsr train --data takes: OUT/patches_x4 for
# 2x, OUT/patches_prose for 4x, OUT/patches_small for small text, OUT/patches_x8 for 8x, OUT/patches_fax for standard
# faxes; the first two stages of 4x were trained on OUT/patches, the next two on OUT/patches_x4. OUT/patches_x4 holds
# the receipts, OUT/patches_prose typefaces that draw the prose of the other pages; what else they need they link to in
# the other folders, which must stay beside them. OUT/sources is what they were cut from. Books and vendors of receipts
# are others than those of the suites.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: benchmarks/data/prepare_patches.sh DOCUMENTS OUT" >&2
    exit 2
fi
documents=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2/sources/books" "$2/sources/receipts" "$2/sources/receipts_more" "$2/sources/receipts_small"
out=$(cd "$2" && pwd)

# Receipts, by their numbers; the text of the small ones is not large enough for all that is asked of the others.
first="290 299 306 434 435"
large="001 005 006 007 019 021 026 028 039 042 061 064 065 072 074 077 078 087 089 098 107 130 137 143 149 150 151 154
    156 157 159 160 $first"
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
collect "$out/sources/receipts" $(names $first)
collect "$out/sources/receipts_more" $(names $large $small)
collect "$out/sources/receipts_small" $(names $small)

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

prepare patches_x4 images receipts_more --x-height 22 --per-page 400
prepare patches_x4 images receipts_small --x-height 14 --per-page 300
for name in pdf fonts books; do
    ln -sfn "../patches/$name" "$out/patches_x4/$name"
done
for name in pdf fonts; do
    ln -sfn "../patches_x8/$name" "$out/patches_x4/${name}_large"
done

if [ ! -f "$out/prose.txt" ]; then
    python "$here/prose.py" "$out/sources/pdf" "$out/sources/books" > "$out/prose.part"
    mv "$out/prose.part" "$out/prose.txt"
fi
prepare patches_prose fonts fonts --prose "$out/prose.txt" --x-height 22 --per-page 10
for name in pdf books receipts_more receipts_small pdf_large fonts_large; do
    ln -sfn "../patches_x4/$name" "$out/patches_prose/$name"
done

mkdir -p "$out/patches_fax"
ln -sfn ../patches_x8/pdf "$out/patches_fax/pdf_large"

mkdir -p "$out/patches_small"
for name in patches/pdf patches/books patches_x4/receipts_more patches_x4/receipts_small patches_prose/fonts; do
    ln -sfn "../$name" "$out/patches_small/$(basename "$name")"
done
