// Package source reads spec files from where people keep them and gives them
// as one immutable Snapshot. A snapshot that could not be read whole says so:
// what is missing in an incomplete one has not been deleted.
//
// The directory source is here; git and S3 give the same Snapshot later.
package source
