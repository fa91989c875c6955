//go:build !linux

package source

import (
	"io/fs"
	"os"
)

// stampOf is not known here: everything is read each time.
func stampOf(fs.FileInfo) (stamp, bool) { return stamp{}, false }

// unwritten is not known here.
func unwritten(*os.File) bool { return false }
