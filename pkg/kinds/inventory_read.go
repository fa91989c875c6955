package kinds

import (
	"iter"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// reading is a refresh of a book while its pages come in. Nearly all of what they tell is
// in the book already, and stays there as it is: a refresh of thousands of objects makes
// little, and never is there a second book beside the first. Nobody else refreshes it.
type reading struct {
	book  *book
	there map[string]bool              // the ARNs so far
	news  map[string]map[string]string // what the book has not, or otherwise
	words words
}

func (b *book) reading() *reading {
	return &reading{book: b, there: make(map[string]bool, len(b.tags)), news: map[string]map[string]string{}, words: words{}}
}

func (r *reading) take(arn string, tags []tagtypes.Tag) {
	r.there[arn] = true
	if have, known := r.book.of(arn); known && saysTags(have, tags) {
		delete(r.news, arn) // an earlier page had it otherwise
		return
	}
	r.news[strings.Clone(arn)] = r.words.tags(func(yield func(k, v string) bool) {
		for _, t := range tags {
			if !yield(aws.ToString(t.Key), aws.ToString(t.Value)) {
				return
			}
		}
	})
}

// end is called when all pages were read: the book says then what they told. It reports
// whether that is news.
func (r *reading) end() bool {
	b := r.book
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.tags)
	maps.DeleteFunc(b.tags, func(arn string, _ map[string]string) bool { return !r.there[arn] })
	left := len(b.tags)
	if left < before/2 { // a map never gives its room back
		tags := make(map[string]map[string]string, left)
		maps.Copy(tags, b.tags)
		b.tags = tags
	}
	maps.Copy(b.tags, r.news)
	b.byKey = nil
	return left < before || len(r.news) > 0
}

func saysTags(have map[string]string, tags []tagtypes.Tag) bool {
	for _, t := range tags {
		if v, ok := have[aws.ToString(t.Key)]; !ok || v != aws.ToString(t.Value) {
			return false
		}
	}
	return len(have) == len(tags)
}

// words are strings that are kept, each once. Nearly all words of tags stand on many
// objects; and a string of an answer keeps a large piece of the answer alive (smithy-go
// cuts them from one).
type words map[string]string

func (w words) kept(s string) string {
	have, ok := w[s]
	if !ok {
		have = strings.Clone(s)
		w[have] = have
	}
	return have
}

func (w words) tags(tags iter.Seq2[string, string]) map[string]string {
	t := make(map[string]string, 8) // as many as a map has room for at the least
	for k, v := range tags {
		t[w.kept(k)] = w.kept(v)
	}
	return t
}
