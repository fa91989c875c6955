package kinds

import (
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// tagSet are the ARN and the tags of one object as they are kept of thousands: a third of
// what a map takes. It is shared and never written to.
type tagSet struct {
	arn    string
	keys   []string // in order; shared by all that have the same
	values string   // in the order of the keys, each behind its length
}

func (t *tagSet) all() iter.Seq2[string, string] {
	return func(yield func(k, v string) bool) {
		rest := t.values
		for _, k := range t.keys {
			var n uint64
			n, rest = shape.Uvarint(rest)
			if !yield(k, rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

func (t *tagSet) get(key string) (string, bool) {
	for k, v := range t.all() {
		if k == key {
			return v, true
		}
	}
	return "", false
}

// whole is a fresh map of them.
func (t *tagSet) whole() map[string]string {
	tags := make(map[string]string, len(t.keys))
	maps.Insert(tags, t.all())
	return tags
}

// carries reports whether all of these are among them.
func (t *tagSet) carries(want map[string]string) bool {
	n := 0
	for k, v := range t.all() {
		if w, ok := want[k]; ok {
			if v != w {
				return false
			}
			n++
		}
	}
	return n == len(want)
}

// are reports whether they are those of an answer.
func (t *tagSet) are(tags []tagtypes.Tag) bool {
	for i := range tags {
		if v, ok := t.get(aws.ToString(tags[i].Key)); !ok || v != aws.ToString(tags[i].Value) {
			return false
		}
	}
	return len(t.keys) == len(tags)
}

// tagSets makes them, and keeps nothing of the answers that they come from (smithy-go cuts
// the strings of an answer from large pieces of it).
type tagSets struct {
	keys    map[string][]string // by all keys in a row, each behind its length
	scratch [][2]string
	text    []byte
	room    []tagSet // for the next ones: whoever makes many makes few pieces
	made    int
}

// mostSets is for how many room is made at a time: as long as one of them is kept, all are.
const mostSets = 64

func (s *tagSets) of(arn string, tags iter.Seq2[string, string]) *tagSet {
	s.scratch, s.text = s.scratch[:0], s.text[:0]
	for k, v := range tags {
		s.scratch = append(s.scratch, [2]string{k, v})
	}
	slices.SortFunc(s.scratch, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	for _, tag := range s.scratch {
		s.text = append(binary.AppendUvarint(s.text, uint64(len(tag[0]))), tag[0]...)
	}
	keys, ok := s.keys[string(s.text)]
	if !ok {
		keys = make([]string, len(s.scratch))
		for i, tag := range s.scratch {
			keys[i] = strings.Clone(tag[0])
		}
		if s.keys == nil {
			s.keys = map[string][]string{}
		}
		s.keys[string(s.text)] = keys
	}
	s.text = append(s.text[:0], arn...)
	for _, tag := range s.scratch {
		s.text = append(binary.AppendUvarint(s.text, uint64(len(tag[1]))), tag[1]...)
	}
	if len(s.room) == 0 {
		s.room = make([]tagSet, min(max(s.made, 1), mostSets))
	}
	t := &s.room[0]
	s.room = s.room[1:]
	s.made++
	text := string(s.text)
	t.arn, t.keys, t.values = text[:len(arn)], keys, text[len(arn):]
	return t
}
