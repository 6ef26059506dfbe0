#pragma once

#include <memory>
#include <string>

#include "proa/base/error.hpp"
#include "proa/node/raft.hpp"
#include "proa/runtime/runtime_options.hpp"

namespace proa {

/// What a server needs to run by itself on this machine.
struct OpenOptions {
  std::string directory = {};  ///< of its data; made if it is missing
  /// The founders of the cluster, the same list on each of them. It counts only until there is a
  /// cluster: later changes are Raft's (add_voter and its kin).
  Configuration cluster = {};
  /// Not a founder: it waits until the leader of a running cluster adds it. `cluster` then only
  /// says where it listens.
  bool joins = false;
  Config config = {};  ///< local_id names this server's entry in `cluster`
  RuntimeOptions runtime = {};
};

/// Options of a command line, all optional:
///   --name NAME              who this server is; n1
///   --cluster NAME=HOST:PORT[,...]   the founders; NAME alone at 127.0.0.1:7401
///   --data DIRECTORY         its data; proa-NAME
///   --join                   it is added to a running cluster by its leader
/// Errors: invalid_config, which says what is wrong and what is known.
Result<OpenOptions> options_from(int argc, const char* const* argv);

/// A server on TCP and this machine's disk, with threads of its own: the six parts of Raft::create
/// put together. A founder without data founds the cluster. Blocking.
/// Errors: those of `options`, so that options_from can be given as it is; invalid_config, if the
/// server is none of `cluster`; those of tcp_transport, open_storage and Raft::create.
Result<std::unique_ptr<Raft>> open(Result<OpenOptions> options, std::shared_ptr<Fsm> fsm);

/// Says on standard error why the program ends, and returns its exit code, 1.
int report(const Error& error);

}  // namespace proa
