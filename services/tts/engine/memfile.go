package engine

import (
	"io/fs"

	"github.com/tetratelabs/wazero/experimental/sys"
	wasys "github.com/tetratelabs/wazero/sys"
)

// oneFile is a file system of one file, for a program that can only write its
// result to a file.
type oneFile struct {
	sys.UnimplementedFS
	name string
	file *fileInMemory
}

// OpenFile opens the file, or the directory that holds it.
func (o *oneFile) OpenFile(path string, _ sys.Oflag, _ fs.FileMode) (sys.File, sys.Errno) {
	switch path {
	case o.name:
		return o.file, 0
	case ".", "", "/":
		return &directory{}, 0
	}
	return nil, sys.ENOENT
}

type directory struct{ sys.UnimplementedFile }

func (*directory) IsDir() (bool, sys.Errno) { return true, 0 }
func (*directory) Stat() (wasys.Stat_t, sys.Errno) {
	return wasys.Stat_t{Mode: fs.ModeDir | 0o755, Nlink: 1}, 0
}
func (*directory) Close() sys.Errno { return 0 }

// fileInMemory is written from its beginning to its end.
type fileInMemory struct {
	sys.UnimplementedFile
	data []byte
}

func (f *fileInMemory) IsDir() (bool, sys.Errno) { return false, 0 }

func (f *fileInMemory) Stat() (wasys.Stat_t, sys.Errno) {
	return wasys.Stat_t{Mode: 0o644, Nlink: 1, Size: int64(len(f.data))}, 0
}

func (f *fileInMemory) Write(b []byte) (int, sys.Errno) {
	f.data = append(f.data, b...)
	return len(b), 0
}

func (f *fileInMemory) Close() sys.Errno { return 0 }
