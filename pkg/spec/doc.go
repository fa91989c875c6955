// Package spec turns YAML and JSON files into documents with positions.
//
// The frame (apiVersion, kind, metadata, policy…) is ours and small. Every body
// below it is an SDK input, decoded by reflection through pkg/shape, so that no
// AWS field is listed by hand. The package is told which bodies exist by a list
// of Sections, which cmd derives from kinds.All; it imports no AWS package.
//
// A file goes through these steps. Bytes are bounded and brought to UTF-8; YAML
// and JSON are read into one kind of node tree, YAML by yaml.v3 and never
// further than its nodes; the tree of each document of ours is bounded. Then the
// layers of each service are merged (Environment.defaults, TaskTemplate, Service,
// ServicePatch, --set), variables are put in, the result is bounded again, and
// decoded. Every node keeps the file, line and column where it was written.
// Documents and files that are somebody else's are skipped and listed, whatever
// they hold.
//
// Every problem of a file is reported at once with file:line:column, what is
// wrong, and how to mend it. A document with an error is never decoded in part.
//
// Decisions that the design leaves open:
//
//   - Written holds the place of the value; Body.Pos that of the body's name.
//   - A circuit breaker that is written as off warns like one that is not
//     written: pasted describe output holds it without anybody having decided it.
//   - JSON pasted into YAML is tried as JSON only where the file is not YAML.
//   - "$(" in a command or an environment value is a reference when it is dotted
//     and begins with the name of a section, or nearly so; "$$(" is always "$(".
//   - Of one document at most a hundred problems are told.
package spec
