#!/usr/bin/env bash
# Train the four streams of a config, test them, and fuse their scores 2:2:1:1.
if [ $# -lt 2 ]; then
    echo "Usage: benchmarks/four_streams.sh CONFIG FOLDER [KEY=VALUE ...]" >&2
    exit 2
fi
set -euo pipefail
config=$1
folder=$2
shift 2
python=${PYTHON:-python}
for stream in j b jm bm; do
    "$python" tools/train.py "$config" --amp --work-dir "$folder/$stream" --cfg-options stream="$stream" "$@"
    "$python" tools/test.py "$config" last --work-dir "$folder/$stream" --dump "$folder/$stream.npz" \
        --cfg-options stream="$stream" "$@"
done
"$python" tools/ensemble.py "$folder"/{j,b,jm,bm}.npz --weights pyskl --out "$folder/fused.npz"
