package source

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when the kernel says that a file was changed last (ctime); zero for not known.
func changed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}
