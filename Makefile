# `make quickstart` and `make test` are all the set-up there is. Both need Python 3.10 or newer and nothing else.

PYTHON ?= python3
TORCH ?= 2.13.0
VENV := .venv
PY := $(VENV)/bin/python
RUN := work_dirs/quickstart
MINIMOTION := $(PY) -c "from motionreg.motion.minimotion import ensure_minimotion as f; print(f())"
CONFIG := configs/recognition/stgcnpp-small_b16-12e_minimotion.py

.PHONY: help install quickstart test lint clean

help:
	@echo "make quickstart   install, train two streams on synthetic motion, fuse them, draw the results"
	@echo "make test         install, run all tests"
	@echo "make lint         ruff and mypy"

# The CPU build of torch, by its exact name so that no CUDA package can come along: from wherever pip finds packages,
# else from PyTorch's own index. (On a Mac the plain build has no CUDA.) A torch that is in $(VENV) already is kept.
ifeq ($(shell uname -s),Darwin)
TORCH_BUILD := torch==$(TORCH)
else
TORCH_BUILD := torch==$(TORCH)+cpu
endif

$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(PY) -c "import torch" 2>/dev/null || $(PY) -m pip install -q "$(TORCH_BUILD)" \
		|| $(PY) -m pip install -q "$(TORCH_BUILD)" --index-url https://download.pytorch.org/whl/cpu
	touch $@

$(VENV)/.installed: $(VENV)/.torch setup.py requirements/base.txt requirements/dev.txt
	$(PY) -m pip install -q -e ".[dev]"
	touch $@

install: $(VENV)/.installed

quickstart: install
	$(PY) tools/train.py $(CONFIG) --work-dir $(RUN)/joint --cfg-options stream=j
	$(PY) tools/train.py $(CONFIG) --work-dir $(RUN)/bone --cfg-options stream=b
	$(PY) tools/test.py $(CONFIG) last --work-dir $(RUN)/joint --dump $(RUN)/joint.npz --cfg-options stream=j
	$(PY) tools/test.py $(CONFIG) last --work-dir $(RUN)/bone --dump $(RUN)/bone.npz --cfg-options stream=b
	$(PY) tools/ensemble.py $(RUN)/joint.npz $(RUN)/bone.npz --weights 1 1 --out $(RUN)/fused.npz
	$(PY) tools/confusion_matrix.py $(RUN)/fused.npz --csv $(RUN)/confusion.csv --png $(RUN)/confusion.png
	$(PY) tools/analyze_logs.py $(RUN)/joint $(RUN)/bone --out $(RUN)/curves.png
	$(PY) tools/browse_data.py `$(MINIMOTION)` --split test --num 12 --format html --out $(RUN)/motions.html
	$(PY) tools/browse_data.py `$(MINIMOTION)` --split test --num 1 --format gif --out $(RUN)/motion.gif
	@echo
	@echo "Results in $(RUN): fused.npz confusion.csv confusion.png curves.png motion.gif and motions.html (open it in a browser)"

test: install
	$(PY) -m pytest -n 2

lint: install
	$(PY) -m ruff check .
	$(PY) -m mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
