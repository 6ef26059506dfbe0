package main

import (
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// countingLog counts suffix truncations: how often this server's log was repaired by a leader.
type countingLog struct {
	raft.LogStore
	repairs atomic.Uint64
}

func (c *countingLog) DeleteRange(from, to uint64) error {
	last, err := c.LogStore.LastIndex()
	if err != nil {
		return err
	}
	first, err := c.LogStore.FirstIndex()
	if err != nil {
		return err
	}
	if to == last && from > first {
		c.repairs.Add(1)
	}
	return c.LogStore.DeleteRange(from, to)
}

// GetLog does not find what was removed: raft-wal still serves it as long as it lies in the segment
// that is being written, so that a leader would hardly ever need to send a snapshot.
func (c *countingLog) GetLog(index uint64, log *raft.Log) error {
	first, err := c.LogStore.FirstIndex()
	if err != nil {
		return err
	}
	if index < first {
		return raft.ErrLogNotFound
	}
	return c.LogStore.GetLog(index, log)
}

// IsMonotonic is raft-wal's answer, which raft finds by asking the outermost store.
func (c *countingLog) IsMonotonic() bool {
	store, ok := c.LogStore.(raft.MonotonicLogStore)
	return ok && store.IsMonotonic()
}
