package sweep

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// bound is what a fault may add to the reference's time: two reconcile intervals and the
// longest backoff (promise P1).
const bound = 10 * time.Minute

// write puts what a suite amounts to into the file that -results names, if it names one.
func write(t *testing.T, v any) {
	t.Helper()
	if *results == "" {
		return
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(*results, append(raw, '\n'), 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

// evenly puts cases into an order in which every beginning holds about the same share
// of each kind of them; the seed says which of a kind come first.
func evenly[T any](cases []T, seed uint64, kind func(T) string) []T {
	random := rand.New(rand.NewPCG(seed, 0))
	of := map[string][]T{}
	var kinds []string
	for _, c := range cases {
		k := kind(c)
		if of[k] == nil {
			kinds = append(kinds, k)
		}
		of[k] = append(of[k], c)
	}
	type ranked struct {
		one  T
		rank float64
	}
	var all []ranked
	for _, k := range kinds {
		list, first := of[k], random.Float64()
		for i, n := range random.Perm(len(list)) {
			all = append(all, ranked{list[n], (float64(i) + first) / float64(len(list))})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]T, len(all))
	for i, r := range all {
		out[i] = r.one
	}
	return out
}
