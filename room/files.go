package room

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	longestFile     = 10 << 20  // bytes
	mostOfRoom      = 100 << 20 // bytes of all files of a room
	mostOfServer    = 1 << 30   // bytes of all files
	leastOfFile     = 4 << 10   // bytes that a small one counts as
	longestFileName = 128       // bytes
	longestEnding   = 16        // bytes, of what is kept of a name that is too long
	longestType     = 100       // bytes, of a media type
)

// inline lists what a browser may show in place, by the type that it is found to
// be: pictures that run nothing.
var inline = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

const anyType = "application/octet-stream"

var (
	errRoomFull   = ErrLimit.because("the files of the room have %d MiB together", mostOfRoom>>20)
	errServerFull = ErrLimit.because("the files of all rooms have %d MiB together", mostOfServer>>20)
)

// file is what a member sends to others. Its ID has 128 random bits: who knows it
// may read the file.
type file struct {
	attachment
	room   *Room
	path   string
	sniffs string // type that it is found to be

	counts int64 // bytes of the limits; guarded by mu of files
}

// files are those of a server, in a folder. A file lasts as long as its room.
type files struct {
	parent string // folder of the folder; empty for that of the system

	// Guarded by mu.
	mu    sync.Mutex
	dir   string // empty: there was none yet
	known map[string]*file
	rooms map[*Room]int64 // bytes that they count
	all   int64
}

// reserve makes sure that there is place for a file of so many bytes. What it
// returns has to be made known by add, or dropped.
func (f *files) reserve(r *Room, size int64) (*file, error) {
	size = max(size, leastOfFile)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.rooms[r]+size > mostOfRoom:
		return nil, errRoomFull
	case f.all+size > mostOfServer:
		return nil, errServerFull
	case f.rooms == nil:
		f.rooms, f.known = make(map[*Room]int64), make(map[string]*file)
	}
	x := &file{room: r}
	x.ID = newSecret()
	f.count(x, size)
	return x, nil
}

// count notes how much a file takes now, with mu held.
func (f *files) count(x *file, size int64) {
	f.all += size - x.counts
	if f.rooms[x.room] += size - x.counts; f.rooms[x.room] == 0 {
		delete(f.rooms, x.room)
	}
	x.counts = size
}

// add makes a file known.
func (f *files) add(x *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[x.ID] = x
	f.count(x, max(x.Size, leastOfFile))
}

// drop deletes a file, if it is not known.
func (f *files) drop(x *file) {
	f.mu.Lock()
	known := f.known[x.ID] != nil
	if !known {
		f.count(x, 0)
	}
	f.mu.Unlock()
	if !known && x.path != "" {
		_ = os.Remove(x.path) // or it goes with the folder
	}
}

// unknow makes a file that is known one that can be dropped.
func (f *files) unknow(x *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, x.ID)
}

// folder returns where files are, and makes it.
func (f *files) folder() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir != "" {
		return f.dir, nil
	}
	dir, err := os.MkdirTemp(f.parent, "switchyard-files-")
	f.dir = dir
	return dir, err
}

// write stores what comes. It fails with ErrTooLarge beyond the limit, and with
// ErrBadRequest if the body does not come to its end.
func (f *files) write(x *file, body io.Reader) error {
	dir, err := f.folder()
	if err != nil {
		return err
	}
	x.path = filepath.Join(dir, x.ID)
	out, err := os.OpenFile(x.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	in := &bodyReader{body: body}
	head := make([]byte, 512) // as much as is looked at
	n, err := io.ReadFull(in, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err == nil {
		_, err = out.Write(head[:n])
	}
	if err == nil {
		_, err = io.Copy(out, in)
	}
	err = errors.Join(err, out.Close())
	switch {
	case in.err != nil:
		return in.err
	case err != nil:
		return err
	case in.size == 0:
		return ErrBadRequest.because("the file is empty")
	}
	x.Size, x.sniffs = in.size, http.DetectContentType(head[:n])
	return nil
}

// bodyReader counts what a client sends, and remembers why it stopped, so that it
// is told from a disk that is full.
type bodyReader struct {
	body io.Reader
	size int64
	err  error
}

func (r *bodyReader) Read(b []byte) (int, error) {
	n, err := r.body.Read(b)
	r.size += int64(n)
	var large *http.MaxBytesError
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case errors.As(err, &large):
		r.err = ErrTooLarge.because("a file has at most %d MiB", longestFile>>20)
	default:
		r.err = ErrBadRequest.because("the file did not come")
	}
	return n, err
}

// find returns a file of a room, or nil.
func (f *files) find(room, id string) *file {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x := f.known[id]; x != nil && x.room.name == room {
		return x
	}
	return nil
}

// forget deletes the files of a room that has ended. The room refuses those that
// are still coming.
func (f *files) forget(r *Room) {
	f.mu.Lock()
	var gone []string
	for id, x := range f.known {
		if x.room == r {
			gone = append(gone, x.path)
			delete(f.known, id)
			f.count(x, 0)
		}
	}
	f.mu.Unlock()
	for _, path := range gone {
		_ = os.Remove(path) // or it goes with the folder
	}
}

// close deletes the folder.
func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == "" {
		return nil
	}
	return os.RemoveAll(f.dir)
}

// cleanFileName makes a name fit to be shown and to be saved under: without folders
// and what [cleanName] leaves out, of at most 128 bytes with its ending.
func cleanFileName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`<>:"|?*`, c) {
			return '_'
		}
		return c
	}, cleanText(s))
	if len(s) > longestFileName {
		end := filepath.Ext(s)
		if len(end) > longestEnding {
			end = ""
		}
		s = strings.TrimSpace(cut(strings.TrimSuffix(s, end), longestFileName-len(end))) + end
	}
	if strings.Trim(s, ". ") == "" {
		return "file"
	}
	return s
}

// mediaType returns the type that a client named, without its parameters.
func mediaType(header string) string {
	t, _, err := mime.ParseMediaType(header)
	if err != nil || len(t) > longestType || !strings.Contains(t, "/") {
		return anyType
	}
	return t
}
