package spec

import (
	"fmt"
	"strings"
)

// Nearest finds the candidate that somebody who wrote word may have meant. It
// is "" when none is near enough to be worth a guess.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+1
	if bestDistance > 3 {
		bestDistance = 3
	}
	folded := fold(word)
	for _, c := range candidates {
		if fold(c) == folded {
			return c
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c), bestDistance); d <= bestDistance && d < len(c) {
			if best == "" || d < bestDistance {
				best, bestDistance = c, d
			}
		}
	}
	return best
}

// OneSlip reports whether one letter more, less or in another place makes one word
// of the other.
func OneSlip(a, b string) bool { return distance(strings.ToLower(a), strings.ToLower(b), 1) == 1 }

// fold ignores what people get wrong most: case, dashes and underscores.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// distance is Levenshtein's, with a swap of neighbours as one step; anything
// above limit may come back as limit+1.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}

// didYouMean is the end of a message: `; did you mean "image"?`, or nothing.
func didYouMean(word string, candidates []string) string {
	if c := Nearest(word, candidates); c != "" {
		return fmt.Sprintf("; did you mean %q?", c)
	}
	return ""
}
