// Package keyed has locks by name whose wait can be given up. They are channels and not
// mutexes because they are held over calls of AWS.
//
// It stands below everything else: the machine and the kinds, of which neither may know
// the other, both have one registration at a time per task definition family.
package keyed
