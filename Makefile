# Commands for people who work on Switchyard. `make test` is the one that CI runs.
#
#   make run      serve on http://127.0.0.1:8080/
#   make test     everything, in some 40 minutes; installs what it needs
#   make quick    the Go tests alone, without anything to install
#   make bench    the benchmarks of the packet path

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Tests whose result is a time.
TIMED = ^(TestRulerTellsFaults|TestBaselines|TestStarvedClientIsNamed|TestForwardSink|TestForwardingStaysFast|TestCapacityHolds|TestClientsStayCheap|TestRoomOfTenIsCheap|TestCostFollowsWork)$$

# Every part of `make test`, in the order of what is quickest to fail. What carries
# the build tag `long` runs in `long`, or in `timed` if its result is a time; browsers
# run in `browser`.
PARTS = format vet staticcheck go long fuzz timed page browser

.PHONY: run build test quick bench setup screenshot clean $(PARTS)

run:
	go run ./cmd/switchyard serve

build:
	go build -o bin/switchyard ./cmd/switchyard

test: setup $(PARTS)
	@echo "all parts passed: $(PARTS)"

quick: format vet go

setup:
	.ci/setup

format:
	@unformatted=$$(gofmt -l bench cmd room sfu signal web examples); \
	if [ -n "$$unformatted" ]; then echo "gofmt these files:"; echo "$$unformatted"; exit 1; fi
	go mod tidy -diff

vet:
	go vet -tags long ./...

staticcheck:
	go run $(STATICCHECK) -tags long ./...

go:
	go test -race -shuffle=on -timeout 5m ./...

# The tests that take long or need a stock client, and variants of others, as
# .ci/long tells.
long: setup
	.ci/long '$(TIMED)'

fuzz:
	.ci/fuzz

# Nothing runs beside what measures time.
timed:
	go test -p 1 -tags long -run '$(TIMED)' -timeout 10m ./cmd/switchyard ./sfu/internal/plane ./sfu/micro

page: setup
	npm --prefix web run --silent check
	npm --prefix web run --silent test

browser: setup
	npm --prefix web run --silent test:browser

bench:
	go test -run '^$$' -bench . -benchmem ./sfu/...

screenshot: setup
	npm --prefix web run --silent screenshot

clean:
	rm -rf bin web/test/out web/node_modules
