// Package shape knows how an AWS SDK struct looks: its fields and their spec
// names, enums, unions and documents, and how to walk, copy and project values.
//
// It is the one place of reflection over SDK types, imports no AWS package, and
// can change its mind later: two of the four SDK modules publish no schemas,
// and request inputs of the others cannot be deserialised through theirs.
//
// Paths are written "containerDefinitions[0].environment[1].value"; a map's key
// stands in brackets as well ("options[awslogs-group]").
package shape
