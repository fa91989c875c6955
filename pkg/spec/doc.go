// Package spec turns YAML and JSON files into documents with positions.
//
// The frame (apiVersion, kind, metadata, policy…) is ours and small. Every body
// below it is an SDK input, decoded by reflection through pkg/shape, so that no
// AWS field is listed by hand. The package is told which bodies exist by a list
// of Sections, which cmd derives from kinds.All; it imports no AWS package.
//
// Every problem of a file is reported at once with file:line:column, what is
// wrong, and how to mend it. A document with an error is never decoded in part.
package spec
