// Package diff compares two values of one SDK input type field by field, under
// a table of rules, and says for each difference what it would do.
//
// It is pure and knows no AWS service: the rules (merge keys, sets, defaults,
// units, effects) are data that each kind brings.
package diff
