#!/bin/sh
# Fetch the PDF files that benchmarks/suites/typeset.yaml measures on: benchmarks/fetch_pdfs.sh DIR
# Debian packages are downloaded and unpacked into DIR; nothing is installed and no root is needed.
set -eu

packages="auto-multiple-choice-doc-pdf bash-doc debian-faq debian-reference-en doxygen-doc gnutls-doc
maxima-doc texlive-science-doc valgrind zsh-doc"

if [ $# -ne 1 ]; then
    echo "usage: benchmarks/fetch_pdfs.sh DIR" >&2
    exit 2
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch_pdfs.sh: no apt-get here: unpack these Debian packages into $1 yourself: $packages" >&2
    exit 1
fi
mkdir -p "$1/debs"
cd "$1"
for package in $packages; do
    [ -d "$package" ] && continue
    (cd debs && apt-get download --quiet "$package")
    mkdir -p "$package.part"
    dpkg-deb -x "debs/${package}"_*.deb "$package.part"
    find "$package.part" -name '*.pdf.gz' -exec gunzip --force {} +
    find "$package.part" -type f ! -name '*.pdf' -delete
    find "$package.part" -type l -delete
    find "$package.part" -type d -empty -delete
    mv "$package.part" "$package"
done
rm -r debs
find . -name '*.pdf' | sort
