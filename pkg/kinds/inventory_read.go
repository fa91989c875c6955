package kinds

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// reading is a refresh of a book while its pages come in. Nearly all of what they tell is
// in the book already, and stays there as it is: a refresh of thousands of objects makes
// little, and never is there a second book beside the first. Nobody else refreshes it.
type reading struct {
	book  *book
	there map[string]bool    // the ARNs so far
	news  map[string]*tagSet // what the book has not, or otherwise
	sets  tagSets
}

func (b *book) reading() *reading {
	return &reading{book: b, there: make(map[string]bool, len(b.tags)), news: map[string]*tagSet{}}
}

func (r *reading) take(arn string, tags []tagtypes.Tag) {
	if have, known := r.book.of(arn); known && have.are(tags) {
		r.there[have.arn] = true
		delete(r.news, arn) // an earlier page had it otherwise
		return
	}
	t := r.sets.of(arn, func(yield func(k, v string) bool) {
		for _, t := range tags {
			if !yield(aws.ToString(t.Key), aws.ToString(t.Value)) {
				return
			}
		}
	})
	r.there[t.arn], r.news[t.arn] = true, t
}

// end is called when all pages were read: the book says then what they told. It reports
// whether that is news.
func (r *reading) end() bool {
	b := r.book
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.tags)
	maps.DeleteFunc(b.tags, func(arn string, _ *tagSet) bool { return !r.there[arn] })
	left := len(b.tags)
	if left < before/2 { // a map never gives its room back
		tags := make(map[string]*tagSet, left)
		maps.Copy(tags, b.tags)
		b.tags = tags
	}
	maps.Copy(b.tags, r.news)
	b.byKey = nil
	return left < before || len(r.news) > 0
}
