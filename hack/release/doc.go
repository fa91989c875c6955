// Command release makes the files of a release, and lets anybody check them.
//
//	release build      the static binary of each platform, an SBOM of each, the
//	                   licences of what is in them, and SHA256SUMS
//	release verify     builds a binary that somebody gave out again, and compares
//	release check      builds twice from two directories: one hash
//	release sbom       the SBOM of a binary (SPDX 2.3, JSON), from the binary itself
//	release licences   docs/licences.md, from the module cache; -texts for the texts
//
// A build is a function of the source, the version, the commit and the go command's
// version, and of nothing else:
//
//   - CGO is off, so that no C compiler or library has a say;
//   - -trimpath: no path of the machine;
//   - -buildvcs=false: what the go command finds of git depends on how the source came
//     (a clone, a shallow one with fewer tags, an archive, the image's build, which has
//     no .git). The version and the commit are said by the linker's -X instead;
//   - the go command's own settings are not taken from the machine (GOFLAGS,
//     GOEXPERIMENT, GOAMD64, go env -w, a go.work above).
//
// What it does not settle is which go command: another release of Go makes other bytes.
// The binary says which one it was, and verify insists on it.
//
// The SBOM is made from the build information that the linker puts into every binary,
// so it lists what is in it and not what go.mod allows for. No library makes it: of
// the format we need four objects, and the required fields are checked before anything
// is printed.
package main
