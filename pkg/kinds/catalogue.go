package kinds

import (
	"embed"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

// The rules of every kind stand in tables: rules/README.md says how to read them.
//
//go:embed rules/*.rules
var tables embed.FS

// catalogue reads the table of a kind. The tables are part of the program, and
// tests read them all, so that a broken one is a defect of the build.
func catalogue(kind string) *diff.Catalogue {
	name := "rules/" + kind + ".rules"
	text, err := tables.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("kinds: %v", err))
	}
	c, err := diff.ParseCatalogue(name, string(text))
	if err != nil {
		panic(fmt.Sprintf("kinds: %v", err))
	}
	return c
}

// tableRules are the rules of a kind whose table has no variants, with what
// rewrites its input before it is compared.
func tableRules(kind string, normalise func(any) any) diff.Rules {
	r := catalogue(kind).Rules()
	r.Registry, r.Normalise = registry, normalise
	return r
}
