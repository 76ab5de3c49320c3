package web

import (
	"maps"
	"slices"
)

// Files returns the URL paths of everything that is served.
func Files() []string {
	assets, _ := load()
	return slices.Sorted(maps.Keys(assets))
}
