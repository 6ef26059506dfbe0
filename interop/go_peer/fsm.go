// The state machine of the interoperability tests: keys and values, and a running digest of every
// command, so that two servers can be compared at one index. The C++ peer holds the same.

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sort"
	"sync"

	"github.com/hashicorp/raft"
)

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
	marksMax  = 1 << 20 // digests kept per process; a run is far shorter
)

type mark struct {
	index  uint64
	digest uint64
}

type machine struct {
	mu     sync.Mutex
	values map[string]string
	digest uint64
	index  uint64
	marks  []mark // digest after each command since the start or the last restore
}

func newMachine() *machine {
	return &machine{values: map[string]string{}, digest: fnvOffset}
}

func mix(digest uint64, bytes []byte) uint64 {
	for _, b := range bytes {
		digest = (digest ^ uint64(b)) * fnvPrime
	}
	return digest
}

// Apply takes a command of the form key=value.
func (m *machine) Apply(entry *raft.Log) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key, value, ok := bytes.Cut(entry.Data, []byte("=")); ok {
		m.values[string(key)] = string(value)
	}
	var index [8]byte
	binary.LittleEndian.PutUint64(index[:], entry.Index)
	m.digest = mix(mix(m.digest, index[:]), entry.Data)
	m.index = entry.Index
	if len(m.marks) < marksMax {
		m.marks = append(m.marks, mark{m.index, m.digest})
	}
	return nil
}

// at gives the digest after the last command at or before index.
func (m *machine) at(index uint64) (mark, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := sort.Search(len(m.marks), func(i int) bool { return m.marks[i].index > index })
	if i == 0 {
		return mark{}, false
	}
	return m.marks[i-1], true
}

func (m *machine) get(key string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	return value, ok
}

func (m *machine) last() mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return mark{m.index, m.digest}
}

type image []byte

// Snapshot: digest, index, number of pairs (8 bytes little endian each), then per pair, ordered by
// key, length (4 bytes) and bytes of key and value.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]string, 0, len(m.values))
	for key := range m.values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var out image
	out = binary.LittleEndian.AppendUint64(out, m.digest)
	out = binary.LittleEndian.AppendUint64(out, m.index)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(keys)))
	for _, key := range keys {
		for _, text := range []string{key, m.values[key]} {
			out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
			out = append(out, text...)
		}
	}
	return out, nil
}

func (i image) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(i); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

func (image) Release() {}

func (m *machine) Restore(source io.ReadCloser) error {
	defer source.Close()
	all, err := io.ReadAll(source)
	if err != nil {
		return err
	}
	if len(all) < 24 {
		return errors.New("snapshot: shorter than its header")
	}
	digest, index, count := binary.LittleEndian.Uint64(all), binary.LittleEndian.Uint64(all[8:]),
		binary.LittleEndian.Uint64(all[16:])
	rest := all[24:]
	take := func() (string, error) {
		if len(rest) < 4 {
			return "", errors.New("snapshot: cut off")
		}
		size := uint64(binary.LittleEndian.Uint32(rest))
		if uint64(len(rest)) < 4+size {
			return "", errors.New("snapshot: cut off")
		}
		text := string(rest[4 : 4+size])
		rest = rest[4+size:]
		return text, nil
	}
	values := map[string]string{}
	for ; count > 0; count-- {
		key, err := take()
		if err != nil {
			return err
		}
		if values[key], err = take(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values, m.digest, m.index = values, digest, index
	m.marks = []mark{{index, digest}}
	return nil
}
