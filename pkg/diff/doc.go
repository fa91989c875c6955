// Package diff compares two values of one SDK input type field by field, under
// a table of rules, and says for each difference what it would do.
//
// It is pure and knows no AWS service: the rules (merge keys, sets, defaults,
// units, effects) are data that each kind brings.
//
// What stands in the wanted value is wanted, whoever put it there. What does not
// stand there is judged by the rules: it is inherited (the live value stays), or
// has a constant default to return to, or is unknown and only reported. Empty and
// absent are one, and so are a zero and absence where no default is known: AWS
// leaves out or fills in either, and a difference that a write cannot remove
// would be written for ever.
//
// Secrets never leave the package: a change carries a short hash in their place.
package diff
