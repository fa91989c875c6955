// Package planted holds bugs: small, likely mistakes, each of which breaks a promise
// of the operator. They are planted to see that the tests bite. A suite that finds
// nothing proves something only where it finds these.
//
// The program carries none of this. A bug is a text in bugs/NAME.bug, and what is
// built with it is built by the go command's -overlay, which puts other contents in
// the place of source files:
//
//	go run ./hack/planted/plant                  # lists the bugs
//	go run ./hack/planted/plant no-client-token  # writes the overlay, prints its path
//	go test -overlay="$(go run ./hack/planted/plant no-client-token)" ./pkg/reconcile
//
// Whoever drives many of them calls All and Bug.Overlay. A test with a bug in should
// fail: one that passes under all of them is no test of the promise.
//
// A bug's file names the promise that it breaks, says in a few words what it does and
// when that shows, and has its edits: after "edit FILE" the lines of that file, as
// they are ("-"), as they shall be ("+"), and as they stay (" "), up to an empty line
// or the end. What is taken away must stand in the file exactly once.
//
// They were written from the promises and from the program's code, by somebody who had
// not seen what is to catch them. Keep it so: whoever writes a suite adds no bug
// for it, and whoever adds a bug does not look whether it is caught.
//
// When the code moves under a bug, the package's test says so: put it where the
// mistake would be made now, or take it out where it cannot be made any more.
// PLANTED_BUILD=1 go test ./hack/planted compiles every package with every bug in it.
package planted
