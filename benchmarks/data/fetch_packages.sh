#!/bin/sh
# Fetch the PDF files of a suite or of the training set, its typefaces, or texts and typefaces of the suite languages:
#     benchmarks/data/fetch_packages.sh typeset|tune|train|fonts|languages DIR
# Debian packages are downloaded and unpacked into DIR; nothing is installed and no root is needed.
set -eu

kept='.*\.pdf'
case "${1:-}" in
typeset)
    packages="auto-multiple-choice-doc-pdf bash-doc debian-faq debian-reference-en doxygen-doc gnutls-doc maxima-doc
        texlive-science-doc valgrind zsh-doc"
    ;;
tune) packages="debian-policy developers-reference gap-doc pari-doc gnuplot-doc" ;;
train) # in no suite
    packages="texlive-publishers-doc texlive-humanities-doc texlive-lang-german texlive-lang-italian texlive-lang-spanish
        r-doc-pdf octave-doc texlive-fonts-recommended-doc debian-refcard"
    ;;
fonts) # book, sans, typewriter and display faces under free licences (OFL, GPL with the font exception, Apache, public domain)
    packages="fonts-3270 fonts-adf-accanthis fonts-adf-gillius fonts-adf-solothurn fonts-adf-universalis fonts-adf-verana
        fonts-anonymous-pro fonts-b612 fonts-cantarell fonts-cmu fonts-courier-prime fonts-croscore fonts-crosextra-caladea
        fonts-crosextra-carlito fonts-dosis fonts-ebgaramond fonts-engadget fonts-fantasque-sans fonts-firacode
        fonts-freefont-ttf fonts-glasstty fonts-hack fonts-inconsolata fonts-jetbrains-mono fonts-karla fonts-lato
        fonts-league-spartan fonts-liberation2 fonts-linuxlibertine fonts-monofur fonts-mononoki fonts-noto-mono fonts-ocr-a
        fonts-ocr-b fonts-open-sans fonts-oxygen fonts-play fonts-quicksand fonts-ricty-diminished fonts-roboto-unhinted
        fonts-rufscript fonts-sil-charis fonts-sil-gentium fonts-urw-base35 fonts-vollkorn"
    kept='.*\.\(ttf\|otf\)'
    ;;
languages) # translated texts (CC BY-SA, GPL, LGPL), and typefaces (OFL, GPL with the font exception and others): in no training
    packages="gnome-user-docs deja-dup epiphany-browser-data evolution-common gimp-data gnome-control-center-data
        gnome-software-common nautilus-data culmus fonts-arphic-gbsn00lp fonts-dejavu-core fonts-ipafont-mincho
        fonts-kacst-one fonts-lohit-beng-bengali fonts-lohit-deva fonts-lohit-taml fonts-nanum fonts-noto-cjk
        fonts-noto-core fonts-tlwg-norasi-ttf"
    kept='.*\.\(page\|mo\|ttf\|otf\|ttc\)'
    ;;
*) packages="" ;;
esac
if [ $# -ne 2 ] || [ -z "$packages" ]; then
    echo "usage: benchmarks/data/fetch_packages.sh typeset|tune|train|fonts|languages DIR" >&2
    exit 2
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch_packages.sh: no apt-get here: unpack these Debian packages into $2 yourself: $packages" >&2
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
    find "$package.part" -type f ! -regex "$kept" -delete
    find "$package.part" -type l -delete
    find "$package.part" -type d -empty -delete
    mv "$package.part" "$package"
done
rm -r debs
find . -regex "$kept" | sort
