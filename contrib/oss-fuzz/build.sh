#!/bin/bash -eu
# What OSS-Fuzz runs in the folder of the project: each fuzz_*.py as one program, with the files it starts from.
pip3 install '.[heif]'
export PYTHONPATH="$PWD"

for fuzzer in contrib/oss-fuzz/fuzz_*.py; do
    name=$(basename "$fuzzer" .py)
    compile_python_fuzzer "$fuzzer" --collect-all pikepdf --collect-all pypdfium2_raw --collect-all tifffile \
        --collect-submodules docsr.io --copy-metadata docsr
    seeds=$(mktemp -d)
    cp "tests/corpus/${name#fuzz_}"/* "$seeds"
    python3 -c "import sys; from pathlib import Path; from benchmarks.torture.fuzz_learning import plant; plant(sys.argv[1], Path(sys.argv[2]))" \
        "${name#fuzz_}" "$seeds"
    zip --quiet --junk-paths --recurse-paths "$OUT/${name}_seed_corpus.zip" "$seeds"
done
