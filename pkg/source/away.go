package source

import "errors"

// away is why documents cannot be had that may be there later.
type away struct{ err error }

func (a *away) Error() string { return a.err.Error() }
func (a *away) Unwrap() error { return a.err }

// Away reports whether an error of Snapshot is of something far away: a server that
// does not answer, or not as it should, or has nothing there yet. One that runs on and
// on need only wait; what is wrong on this machine (no git, no such directory) is for
// a person.
func Away(err error) bool { return errors.As(err, new(*away)) }
