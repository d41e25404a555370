#!/bin/sh
# Pre-consume script of paperless-ngx: scans whose text is small are enlarged in paperless' working copy before OCR; all
# other documents stay byte for byte as they are. docs/paperless.md says how to set it up and what it changes.
#
# Read: DOCUMENT_WORKING_PATH (from paperless); PAPERLESS_OCR_LANGUAGE (paperless' setting, where it is set); DOCSR (the
# command, default docsr); DOCSR_OPTIONS (options of `docsr enhance`, separated by spaces). Whatever happens the exit code
# is 0 and the document whole: what docsr cannot do is said on standard error, which paperless logs as a warning, and the
# document is consumed as it came.
set -u

say() { echo "docsr: $*"; }
warn() { echo "docsr: $*" >&2; }
leave() {
    warn "$* The document is consumed as it came."
    exit 0
}

document=${DOCUMENT_WORKING_PATH:-}
[ -n "$document" ] || leave "DOCUMENT_WORKING_PATH is not set: paperless-ngx 1.13 or later sets it."
[ -f "$document" ] || leave "$document is no file."
command -v "${DOCSR:-docsr}" >/dev/null 2>&1 || leave "the command ${DOCSR:-docsr} is not found."

# Beside the document: a rename within one file system replaces it whole or not at all.
work=$(mktemp -d "$(dirname "$document")/.docsr-XXXXXX") || leave "no folder can be made beside $document."
trap 'rm -rf "$work"' EXIT
trap 'exit 0' HUP INT TERM

# An own --language is taken instead of paperless' languages.
case " ${DOCSR_OPTIONS:-} " in
*" --language"*) languages= ;;
*) languages=${PAPERLESS_OCR_LANGUAGE:-} ;;
esac

# shellcheck disable=SC2086 # options are words
"${DOCSR:-docsr}" enhance ${DOCSR_OPTIONS:-} ${languages:+--language "$languages"} --out "$work/out" -- "$document" >"$work/told" 2>&1
code=$?
cat "$work/told"
[ "$code" -eq 0 ] || leave "docsr enhance ended with exit code $code."

# paperless has looked at the kind of file before this script, so a file of another kind would be read wrongly.
made=$work/out/$(basename "$document")
if [ ! -f "$made" ]; then
    say "files of this kind are read and not written by docsr: $document stays as it is."
elif cmp -s "$made" "$document"; then
    say "$document needs nothing and stays as it is."
else
    # Owner, rights and time are those of the document, of which paperless takes the date of undated ones.
    if cp -p "$document" "$work/new" && cat "$made" >"$work/new" && touch -r "$document" "$work/new" &&
        mv -f "$work/new" "$document"; then
        say "$document is enlarged."
    else
        leave "$document could not be replaced."
    fi
fi
exit 0
