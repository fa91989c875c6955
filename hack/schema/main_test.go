package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"testing"
)

// TestWordsAreCurrent: what is embedded is what the SDK that is built in says.
func TestWordsAreCurrent(t *testing.T) {
	want, err := comments()
	if err != nil {
		t.Skipf("the modules' source is not at hand: %v", err)
	}
	f, err := os.Open("../../" + words)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	if err := json.NewDecoder(z).Decode(&have); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(have, want) {
		t.Errorf("%s has %d texts, the SDK %d, and they differ: go run ./hack/schema", words, len(have), len(want))
	}
	a, errA := pack(want, nil)
	b, errB := pack(want, nil)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("packing twice gives two files: %v, %v", errA, errB)
	}
}

func TestClean(t *testing.T) {
	in := "Words with a [link] , and more.\n\n[link]: https://example.com\n\nThis member is required.\n"
	if got := clean(in); got != "Words with a link, and more." {
		t.Errorf("%q", got)
	}
}
