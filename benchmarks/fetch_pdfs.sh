#!/bin/sh
# Fetch the PDF files of a suite: benchmarks/fetch_pdfs.sh typeset|tune DIR
# Debian packages are downloaded and unpacked into DIR; nothing is installed and no root is needed.
set -eu

case "${1:-}" in
typeset)
    packages="auto-multiple-choice-doc-pdf bash-doc debian-faq debian-reference-en doxygen-doc gnutls-doc maxima-doc
        texlive-science-doc valgrind zsh-doc"
    ;;
tune) packages="debian-policy developers-reference gap-doc pari-doc gnuplot-doc" ;;
*) packages="" ;;
esac
if [ $# -ne 2 ] || [ -z "$packages" ]; then
    echo "usage: benchmarks/fetch_pdfs.sh typeset|tune DIR" >&2
    exit 2
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch_pdfs.sh: no apt-get here: unpack these Debian packages into $2 yourself: $packages" >&2
    exit 1
fi
mkdir -p "$2/debs"
cd "$2"
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
