package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
)

// slow is what parse must equal.
func slow(body []byte) (tree any, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return tree, nil
}

// TestParse: what parse takes, encoding/json takes, and both make the same of it; so it
// is for texts with one byte less or another one.
func TestParse(t *testing.T) {
	for _, s := range []string{`{}`, `[]`, ` {"a": [1, -0.5e+3, true, false, null, "x"], "b": {"c": ""}} `, `{"a":1,"a":2}`, `"\u00e9\n"`, `"é"`, `"\"`, `01`, `-`, `1.`, `1e`, `[1,]`,
		`{"a"}`, `{,}`, `nul`, `truex`, "\"\x01\"", "\"\xff\"", `"\ud800"`, `{} {}`, ``, `[[[[]]]]`, `0`, `-0`, `1E400`, `10.01e-7`} {
		sameTree(t, []byte(s))
		for i := range len(s) {
			sameTree(t, []byte(s[:i]+s[i+1:]))
			for _, c := range "\"\\{}[]:,0-.e \x00u" {
				sameTree(t, []byte(s[:i]+string(c)+s[i:]))
				sameTree(t, []byte(s[:i]+string(c)+s[i+1:]))
			}
		}
	}
}

func sameTree(t *testing.T, body []byte) {
	t.Helper()
	got, ok := parse(body)
	if !ok {
		return
	}
	want, err := slow(body)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q: %#v, encoding/json says %#v, %v", body, got, want, err)
	}
}

// TestParseTakesWhatClientsWrite: else it would be a detour.
func TestParseTakesWhatClientsWrite(t *testing.T) {
	for _, s := range []string{`{"cluster":"default","services":["web"],"include":["TAGS"]}`, `{"maxResults":100,"x":-1.5e3,"y":[true,false,null,{}],"z":"a\"b é"}`, ` { } `, `[ ]`} {
		if _, ok := parse([]byte(s)); !ok {
			t.Errorf("left to encoding/json: %s", s)
		}
	}
}
