package source

import (
	"io/fs"
	"os"
	"syscall"
)

// stampOf is a file's stamp; false where the system does not tell. ctime is when the kernel
// says that the file was changed last.
func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{device: uint64(s.Dev), inode: s.Ino, size: s.Size, changed: s.Ctim.Nano(), wrote: s.Mtim.Nano()}, true
}

// unwritten reports whether nobody has a file open for writing. The kernel grants a lease
// for reading only then (fcntl(2), F_SETLEASE); it is given back at once. Where it knows no
// leases, or the file is another user's, this is not known, and false.
func unwritten(f *os.File) bool {
	c, err := f.SyscallConn()
	if err != nil {
		return false
	}
	granted := false
	err = c.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETLEASE, syscall.F_RDLCK)
		if granted = errno == 0; granted {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETLEASE, syscall.F_UNLCK)
		}
	})
	return err == nil && granted
}
