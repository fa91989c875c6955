package source

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"io"
	"sync"
)

// content is what a file holds. What is kept from one reading to the next is packed, but for
// a little (kept.end): it is asked for only when something around it changes, and is a third
// as large.
type content struct {
	sum    [sha256.Size]byte
	size   int
	plain  []byte // as it was read, nil for a packed one
	packed []byte
	dense  bool // packed it would not be smaller
}

func plainContent(data []byte) *content {
	return &content{sum: sha256.Sum256(data), size: len(data), plain: data}
}

// data is the content, for a packed one a fresh copy.
func (t *content) data() []byte {
	if t.packed == nil {
		return t.plain
	}
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	_ = r.(flate.Resetter).Reset(bytes.NewReader(t.packed), nil) // it has no dictionary to be wrong
	data := make([]byte, t.size)
	if _, err := io.ReadFull(r, data); err != nil {
		panic("a file that was packed cannot be read: " + err.Error())
	}
	return data
}

// pack is the same text to be kept, packed where that makes it smaller.
func (t *content) pack() *content {
	if t.packed != nil || t.dense {
		return t
	}
	var b bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	_, err := w.Write(t.plain)
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() >= t.size { // a Buffer takes everything
		return &content{sum: t.sum, size: t.size, plain: t.plain, dense: true}
	}
	return &content{sum: t.sum, size: t.size, packed: bytes.Clone(b.Bytes())}
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is one
	}
	return w
}}
