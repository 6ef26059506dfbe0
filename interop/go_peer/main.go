// go_peer is a server of the real hashicorp/raft for interoperability tests: durable log, file
// snapshots, TCP transport, and a control port that takes one command per line and answers with one
// JSON object per line (see ../README.md).

package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

type peer struct {
	raft     *raft.Raft
	machine  *machine
	logs     *countingLog
	installs *countingSnapshots
}

func main() {
	var (
		id        = flag.String("id", "", "this server's id")
		address   = flag.String("address", "", "host:port other servers reach it at")
		control   = flag.String("control", "", "host:port of the control port")
		data      = flag.String("data", "", "data directory")
		servers   = flag.String("servers", "", "id=host:port,... of a new cluster; used only without data")
		timeout   = flag.Duration("timeout", 300*time.Millisecond, "heartbeat and election timeout")
		threshold = flag.Uint64("snapshot-threshold", 1<<40, "entries between automatic snapshots")
		trailing  = flag.Uint64("trailing", 10240, "entries kept behind a snapshot")
	)
	flag.Parse()
	p, err := start(*id, *address, *data, *servers, *timeout, *threshold, *trailing)
	if err == nil {
		err = p.serve(*control)
	}
	fmt.Fprintln(os.Stderr, "go_peer:", err)
	os.Exit(1)
}

func start(id, address, data, servers string, timeout time.Duration, threshold, trailing uint64) (*peer, error) {
	logger := hclog.New(&hclog.LoggerOptions{Name: id, Level: hclog.Info, Output: os.Stderr})
	conf := raft.DefaultConfig()
	conf.LocalID = raft.ServerID(id)
	conf.HeartbeatTimeout, conf.ElectionTimeout = timeout, timeout
	conf.LeaderLeaseTimeout = timeout / 2
	conf.SnapshotThreshold, conf.TrailingLogs = threshold, trailing
	conf.SnapshotInterval = time.Second
	conf.Logger = logger

	logDir := filepath.Join(data, "wal")
	if err := os.MkdirAll(logDir, 0o700); err != nil {
		return nil, err
	}
	store, err := wal.Open(logDir)
	if err != nil {
		return nil, err
	}
	files, err := raft.NewFileSnapshotStoreWithLogger(data, 2, logger)
	if err != nil {
		return nil, err
	}
	bind, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	transport, err := raft.NewTCPTransportWithLogger(address, bind, 3, 5*time.Second, logger)
	if err != nil {
		return nil, err
	}
	p := &peer{
		machine:  newMachine(),
		logs:     &countingLog{LogStore: store},
		installs: &countingSnapshots{SnapshotStore: files},
	}
	known, err := raft.HasExistingState(p.logs, store, files)
	if err != nil {
		return nil, err
	}
	if !known && servers != "" {
		configuration := parse(servers)
		if err := raft.BootstrapCluster(conf, p.logs, store, files, transport, configuration); err != nil {
			return nil, err
		}
	}
	p.raft, err = raft.NewRaft(conf, p.machine, p.logs, store, p.installs, transport)
	return p, err
}

func parse(servers string) raft.Configuration {
	var configuration raft.Configuration
	for _, one := range strings.Split(servers, ",") {
		id, address, _ := strings.Cut(one, "=")
		configuration.Servers = append(configuration.Servers, raft.Server{
			ID: raft.ServerID(id), Address: raft.ServerAddress(address)})
	}
	return configuration
}

func (p *peer) serve(control string) error {
	listener, err := net.Listen("tcp", control)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			lines := bufio.NewScanner(conn)
			for lines.Scan() {
				answer, err := json.Marshal(p.obey(strings.Fields(lines.Text())))
				if err != nil {
					return
				}
				if _, err := conn.Write(append(answer, '\n')); err != nil {
					return
				}
			}
		}()
	}
}
