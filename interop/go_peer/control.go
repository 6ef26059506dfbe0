package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

type answer map[string]any

func failed(err error) answer { return answer{"ok": false, "error": err.Error()} }

func done(err error) answer {
	if err != nil {
		return failed(err)
	}
	return answer{"ok": true}
}

// countingSnapshots counts snapshots received from a leader: the ones that raft creates while this
// server follows and did not ask for one itself.
type countingSnapshots struct {
	raft.SnapshotStore
	created atomic.Uint64
	own     atomic.Uint64
}

func (c *countingSnapshots) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration,
	configurationIndex uint64, transport raft.Transport) (raft.SnapshotSink, error) {
	c.created.Add(1)
	return c.SnapshotStore.Create(version, index, term, configuration, configurationIndex, transport)
}

func (p *peer) obey(words []string) answer {
	if len(words) == 0 {
		return failed(errors.New("empty command"))
	}
	switch {
	case words[0] == "status":
		return p.status()
	case words[0] == "get" && len(words) == 2:
		value, ok := p.machine.get(words[1])
		return answer{"ok": ok, "value": value}
	case words[0] == "digest" && len(words) == 2:
		index, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			return failed(err)
		}
		m, ok := p.machine.at(index)
		return answer{"ok": ok, "index": m.index, "digest": fmt.Sprintf("%016x", m.digest)}
	case words[0] == "load" && len(words) == 4:
		return p.load(words[1], words[2], words[3])
	case words[0] == "barrier":
		return done(p.raft.Barrier(5 * time.Second).Error())
	case words[0] == "snapshot":
		p.installs.own.Add(1)
		return done(p.raft.Snapshot().Error())
	case words[0] == "transfer" && len(words) == 3:
		return done(p.raft.LeadershipTransferToServer(raft.ServerID(words[1]), raft.ServerAddress(words[2])).Error())
	case words[0] == "add_voter" && len(words) == 3:
		return done(p.raft.AddVoter(raft.ServerID(words[1]), raft.ServerAddress(words[2]), 0, 5*time.Second).Error())
	case words[0] == "add_nonvoter" && len(words) == 3:
		return done(p.raft.AddNonvoter(raft.ServerID(words[1]), raft.ServerAddress(words[2]), 0, 5*time.Second).Error())
	case words[0] == "remove" && len(words) == 2:
		return done(p.raft.RemoveServer(raft.ServerID(words[1]), 0, 5*time.Second).Error())
	}
	return failed(fmt.Errorf("unknown command %q", words))
}

func (p *peer) status() answer {
	_, leader := p.raft.LeaderWithID()
	last := p.machine.last()
	return answer{
		"ok": true, "kind": "go", "role": p.raft.State().String(), "leader": string(leader),
		"term": p.raft.CurrentTerm(), "last": p.raft.LastIndex(), "commit": p.raft.CommitIndex(),
		"applied": last.index, "repairs": p.logs.repairs.Load(),
		"installs": p.installs.created.Load() - p.installs.own.Load(),
	}
}

// load writes PREFIX-0=0 … with so many in flight and says which were acknowledged.
func (p *peer) load(prefix, count, inflight string) answer {
	total, err := strconv.Atoi(count)
	if err != nil {
		return failed(err)
	}
	window, err := strconv.Atoi(inflight)
	if err != nil {
		return failed(err)
	}
	type pending struct {
		number int
		future raft.ApplyFuture
	}
	acked := []int{}
	var firstError string
	finish := func(one pending) {
		if err := one.future.Error(); err == nil {
			acked = append(acked, one.number)
		} else if firstError == "" {
			firstError = err.Error()
		}
	}
	var queue []pending
	for number := 0; number < total && firstError == ""; number++ {
		command := fmt.Sprintf("%s-%d=%d", prefix, number, number)
		queue = append(queue, pending{number, p.raft.Apply([]byte(command), 5*time.Second)})
		if len(queue) >= window {
			finish(queue[0])
			queue = queue[1:]
		}
	}
	for _, one := range queue {
		finish(one)
	}
	return answer{"ok": true, "acked": acked, "error": firstError}
}
