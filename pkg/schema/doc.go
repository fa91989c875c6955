// Package schema describes the documents to people and editors: a JSON Schema of
// every kind, and the words of `explain`. Both are derived from the sections and
// rules of the kinds and from the SDK's own comments, never written by hand.
package schema
