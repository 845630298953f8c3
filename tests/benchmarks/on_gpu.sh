#!/usr/bin/env bash
# Measures on a rented machine with an NVIDIA GPU what nobody could measure where this was written, and writes one JSON.
#
#     bash tests/benchmarks/on_gpu.sh [FILE]              # meant to take 15 minutes; gpu.json by default
#     bash tests/benchmarks/on_gpu.sh --rehearse [FILE]   # the same without a GPU, with little data: only that all of it runs
#
# Takes a Python as PYTHON (default python3). tests/benchmarks/README.md says what stands in the file.
set -euo pipefail
extras=gpu,test
rehearse=()
if [ "${1:-}" = --rehearse ]; then
    extras=test
    rehearse=(--rehearse)
    shift
fi
out=$(realpath "${1:-gpu.json}")
cd "$(dirname "$0")/../.."
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
unset PYTHONDONTWRITEBYTECODE
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --constraint constraints.txt --editable ".[$extras]"
export PATH="$venv/bin:$PATH"
python tests/benchmarks/on_gpu.py --out "$out" ${rehearse[@]+"${rehearse[@]}"}
