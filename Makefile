# Two commands are enough: `make up` runs everything, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
SAM_VENV := $(VENV)/sam
SAM_STAMP := $(SAM_VENV)/.installed
LOCALSTACK_VENV := $(VENV)/localstack
LOCALSTACK_STAMP := $(LOCALSTACK_VENV)/.installed
LOCALSTACK_PYTHON ?= python3.13
CONTRACT_VENV := $(VENV)/contract
CONTRACT_STAMP := $(CONTRACT_VENV)/.installed
MANIFESTS_VENV := $(VENV)/manifests
MANIFESTS_STAMP := $(MANIFESTS_VENV)/.installed
ROOTS := layers functions infra tests benchmarks migrations localstack

.PHONY: images push sign attest sbom smoke release-notes up down test test-long test-containers test-kubernetes test-manifests lint format lock clean setup sam-validate build deploy wheels test-aws localstack
.DEFAULT_GOAL := up

up: $(STAMP)  ## run everything on embedded services, in the foreground
	@exec $(BIN)/groundwork up

down: $(STAMP)  ## stop an instance started by `make up` elsewhere
	@$(BIN)/groundwork down

# Compiled modules are kept even where the environment forbids it: dozens of processes load them.
test test-long: export PYTHONDONTWRITEBYTECODE =

# Three processes also where there are two cores: for half of their time, tests wait for a timer,
# a service or the disk.
test: $(STAMP)  ## the everyday tests, on real services
	$(BIN)/pytest -m "not long" -n 3 --dist loadfile --no-loadscope-reorder

test-long: $(STAMP) $(SAM_STAMP) $(CONTRACT_STAMP)  ## the longer suites (see README)
	$(BIN)/pytest -m "long and not containers and not kubernetes and not aws"

test-aws: $(STAMP) $(SAM_STAMP) $(LOCALSTACK_STAMP)  ## `sam deploy` to two emulators of AWS
	$(BIN)/pytest -m "aws" -s

localstack: $(SAM_STAMP) $(LOCALSTACK_STAMP)  ## LocalStack without Docker (docs/deployment.md)
	@exec localstack/run $(LOCALSTACK_VENV) $(SAM_VENV)

test-containers: $(STAMP) $(SAM_STAMP)  ## every image, Compose from nothing, `sam local` (see infra/docker)
	$(BIN)/pytest -m containers -s tests/containers

IMAGES := host migrate fetch
IMAGE_PREFIX ?= groundwork-
IMAGE_TAG ?= latest
SYFT ?= $(shell command -v syft || echo $(CURDIR)/$(VENV)/share/syft/syft)
COSIGN ?= cosign
images:  ## the images of host, migration and fetcher; BASE names another base
	for name in $(IMAGES); do docker build $(if $(BASE),--build-arg BASE=$(BASE)) -f infra/docker/host.Dockerfile \
	  --target $$name -t $(IMAGE_PREFIX)$$name:$(IMAGE_TAG) . || exit 1; done

push:  ## push the images to the registry that IMAGE_PREFIX names; dist/images.sha256 has their digests
	@mkdir -p dist && : > dist/images.sha256
	for name in $(IMAGES); do image=$(IMAGE_PREFIX)$$name:$(IMAGE_TAG) && docker push -q $$image && \
	  found=$$(docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' $$image | grep "^$(IMAGE_PREFIX)$$name@") && \
	  echo "$${found#*@sha256:}  $${found%@*}" >> dist/images.sha256 || exit 1; done

# The list is file 3, because cosign may read a password from standard input.
sign:  ## sign what was pushed, with cosign; COSIGN_OPTIONS as in infra/docker/README.md
	while read -r digest image <&3; do $(COSIGN) sign --yes $(COSIGN_OPTIONS) "$$image@sha256:$$digest" || exit 1; \
	  done 3< dist/images.sha256

attest:  ## sign the list of parts of each pushed image, after `make sbom`, and store it beside the image
	while read -r digest image <&3; do $(COSIGN) attest --yes $(COSIGN_OPTIONS) --type cyclonedx \
	  --predicate "dist/groundwork-$${image#$(IMAGE_PREFIX)}.cdx.json" "$$image@sha256:$$digest" || exit 1; \
	  done 3< dist/images.sha256

sbom: $(SYFT)  ## dist/*.cdx.json: the parts of each image, by syft (built with Go where it is missing)
	@mkdir -p dist
	for name in $(IMAGES); do $(SYFT) -q docker:$(IMAGE_PREFIX)$$name:$(IMAGE_TAG) \
	  -o cyclonedx-json=dist/groundwork-$$name.cdx.json || exit 1; done

$(CURDIR)/$(VENV)/share/syft/syft: infra/tools/syft/go.sum
	cd infra/tools/syft && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ github.com/anchore/syft/cmd/syft

test-manifests: $(STAMP) $(MANIFESTS_STAMP)  ## Dockerfiles, Compose and Kubernetes' manifests
	$(BIN)/pytest -q tests/manifests

test-kubernetes: $(STAMP) $(MANIFESTS_STAMP)  ## the overlays on a real API server and real nodes (see infra/kubernetes)
	$(BIN)/pytest -m kubernetes -s tests/kubernetes

lint: $(STAMP) sam-validate test-manifests  ## formatting, lint, types, import rules, templates, commit subjects
	$(BIN)/ruff format --check $(wildcard $(ROOTS))
	$(BIN)/ruff check $(wildcard $(ROOTS))
	$(BIN)/mypy $(wildcard layers/*/groundwork_* functions/groundwork_* infra/*/groundwork_* tests)
	$(BIN)/lint-imports
	$(BIN)/python infra/pipeline/commit_subjects.py
	$(BIN)/cfn-lint template.yaml infra/aws/*.yaml

build: $(SAM_STAMP)  ## build the functions and layers of template.yaml (see docs/deployment.md)
	SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam build

deploy: $(STAMP) $(SAM_STAMP)  ## deploy the build: make deploy STAGE=staging
	$(BIN)/python infra/pipeline/deploy.py $(STAGE) $(DEPLOY_OPTIONS)

smoke: $(STAMP)  ## try a deployed stage from outside: make smoke STAGE=staging URL=https://…
	$(BIN)/python infra/pipeline/smoke.py "$(URL)" --stage $(STAGE) $(SMOKE_OPTIONS)

release-notes: $(STAMP)  ## what CHANGELOG.md says about VERSION
	@$(BIN)/python infra/pipeline/release_notes.py $(VERSION)

sam-validate: $(SAM_STAMP)
	SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam validate --lint --template template.yaml --region eu-central-1

format: $(STAMP)
	$(BIN)/ruff format $(wildcard $(ROOTS))
	$(BIN)/ruff check --fix $(wildcard $(ROOTS))

lock: $(STAMP)  ## make requirements/*.txt anew from *.in
	cd requirements && for f in dev host container app lambda; do \
	  ../$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    $$( [ $$f = dev ] || echo "-c dev.txt" ) $$( [ $$f != container ] || echo "--no-emit-package numpy" ) $$f.in -o $$f.txt || exit 1; done
	cd requirements && for f in sam contract manifests; do \
	  ../$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    $$f.in -o $$f.txt || exit 1; done

clean:  ## remove the environment, the state folder and build products
	-@[ ! -x $(BIN)/groundwork ] || $(BIN)/groundwork down
	rm -rf $(VENV) dist .groundwork .aws-sam .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

wheels: $(STAMP)  ## dist/: the database models (with the core that they need) and the client
	@for part in core data client; do \
	  $(UV) build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist layers/$$part || exit 1; done
	@ls dist/*.whl

setup: $(STAMP)

$(UV): requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Groundwork needs Python 3.11 or newer, this is %d.%d. Set PYTHON=/path/to/python3.11" % v[:2])'
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $(UV)

$(STAMP): $(UV) requirements/dev.txt pyproject.toml
	@echo "Installing the Python packages of requirements/dev.txt"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --compile-bytecode --require-hashes --no-deps -r requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(SAM_STAMP): $(UV) requirements/sam.txt
	@$(UV) venv --quiet --allow-existing $(SAM_VENV)
	@VIRTUAL_ENV=$(SAM_VENV) $(UV) pip install --quiet --require-hashes --no-deps -r requirements/sam.txt
	@touch $@

$(LOCALSTACK_STAMP): $(UV) requirements/localstack.txt localstack/process_executor/process_executor.py
	@$(LOCALSTACK_PYTHON) -c '' 2>/dev/null || \
	  { echo "LocalStack 4.14 needs Python 3.13; set LOCALSTACK_PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(UV) venv --quiet --allow-existing --no-python-downloads \
	  --python "$$($(LOCALSTACK_PYTHON) -c 'import sys; print(sys.executable)')" $(LOCALSTACK_VENV)
	@VIRTUAL_ENV=$(LOCALSTACK_VENV) $(UV) pip install --quiet --require-hashes --no-deps -r requirements/localstack.txt
	@VIRTUAL_ENV=$(LOCALSTACK_VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --reinstall localstack/process_executor
	@touch $@

$(CONTRACT_STAMP): $(UV) requirements/contract.txt
	@$(UV) venv --quiet --allow-existing $(CONTRACT_VENV)
	@VIRTUAL_ENV=$(CONTRACT_VENV) $(UV) pip install --quiet --require-hashes --no-deps -r requirements/contract.txt
	@touch $@

$(MANIFESTS_STAMP): $(UV) requirements/manifests.txt
	@$(UV) venv --quiet --allow-existing $(MANIFESTS_VENV)
	@VIRTUAL_ENV=$(MANIFESTS_VENV) $(UV) pip install --quiet --require-hashes --no-deps -r requirements/manifests.txt
	@touch $@
