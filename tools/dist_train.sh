#!/usr/bin/env bash
# Train on several processes of one machine: GPUs if there are any, else CPU cores. Several machines: set NNODES,
# NODE_RANK, MASTER_ADDR and PORT on each.
if [ $# -lt 2 ]; then
    echo "Usage: tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]" >&2
    exit 2
fi
config=$1
processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" --nproc_per_node="$processes" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
