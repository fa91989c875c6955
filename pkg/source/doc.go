// Package source reads spec files from where people keep them and gives them
// as one immutable Snapshot. A snapshot that could not be read whole says so:
// what is missing in an incomplete one has not been deleted.
//
// Directories, buckets and archives in S3 are read here under the same limits (basket.go).
package source
