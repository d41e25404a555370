#!/bin/sh
# Make sure that Tesseract with its English data, the fonts that tests draw text with, Chromium, in which the benchmark's
# report is tested, what PDF files are checked with (qpdf, poppler-utils), jbig2dec, which reads scans coded as JBIG2,
# OpenJPEG's programs, which JPEG 2000 is compared with, and what OCRmyPDF runs (Ghostscript, unpaper; the data by which
# Tesseract tells which way up a page is) are installed.
# Nothing is touched when they are there; otherwise apt-get installs them, which needs root or `sudo -n`.
set -eu

packages="tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd fonts-dejavu-core fonts-liberation fonts-liberation2
    fonts-texgyre fonts-arphic-gbsn00lp fonts-motoya-l-cedar fonts-kacst-one chromium qpdf poppler-utils jbig2dec
    libopenjp2-tools ghostscript unpaper"

missing() {
    for package in $packages; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s ' "$package"
    done
}

has_english() {
    command -v tesseract >/dev/null 2>&1 && tesseract --list-langs 2>/dev/null | grep -qx eng
}

if ! command -v apt-get >/dev/null 2>&1; then
    if has_english; then
        echo "make programs: Tesseract is here; without apt-get the rest is left to you: the fonts DejaVu, Liberation, TeX Gyre, AR PL SungtiL GB, Motoya L Cedar and KacstOne, Chromium, qpdf, poppler-utils, jbig2dec, OpenJPEG's programs, Ghostscript and unpaper."
        exit 0
    fi
    echo "make programs: no Tesseract with English data and no apt-get: install both, then try again." >&2
    exit 1
fi

todo=$(missing)
if [ -z "$todo" ]; then
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    root=""
elif sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    echo "make programs: these packages are missing: $todo- install them with: sudo apt-get install $todo" >&2
    exit 1
fi

# shellcheck disable=SC2086 # word splitting is meant: a command prefix and a list of packages
install() { DEBIAN_FRONTEND=noninteractive $root apt-get install --yes --quiet --no-install-recommends $todo; }

if ! { install || { $root apt-get update --quiet && install; }; }; then
    echo "make programs: apt-get could not install: $todo- its messages are above." >&2
    exit 1
fi
