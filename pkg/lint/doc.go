// Package lint finds in a unit what AWS would refuse, or what nobody can have
// meant, before AWS is asked. It is pure and works offline: it sees one unit as
// desired objects, and knows AWS' rules over several fields at once.
//
// Each rule is one entry of one table: a code, a severity, and what to do.
package lint
