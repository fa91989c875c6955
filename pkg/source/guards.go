package source

// unguarded are guards of a git source that are taken away. None ever is, but in
// the tests that show that a guard is what keeps its class of attacks out.
type unguarded struct {
	modes bool // links and submodules are read as files
	names bool // names that no terminal should see are taken
	fsck  bool // git does not look at the objects that come in
	refs  bool // any text is the name of a branch
}
