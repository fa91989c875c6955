// Command image gathers the file system of the container image, but for the
// operator itself: git with its one helper for https, ssh, the libraries that these
// load, the roots of trust, and who the user is. There is no shell among it, no
// package manager, and nothing else that can be executed.
//
//	image FROM TO
//
// FROM is the root of a Debian system with git, openssh-client and ca-certificates
// in it, of whatever architecture: nothing of it is run. TO is an empty directory.
package main
