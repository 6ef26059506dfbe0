#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "server/replica.hpp"

namespace proa::server {

// Calls that a server puts to the leader for its clients (proa/transport/call_frames.hpp). Numbers
// from 32 on are ours.
//
//   write           u64 term in which the leader is asked, bytes: the command
//                   -> the reply
//   read            u64 what the caller has applied, u32 number of queries,
//                   each u8 kind, u32 number of keys, bytes: each key
//                   -> u64 read index: what is applied up to there holds everything acknowledged
//                   before the call; u8 1 with as many answers, u32 number and bytes: each reply,
//                   or 0: the caller has applied that already, or it is much, and reads itself
//   client address  -> text host:port for clients of the Redis protocol, empty if unknown
//
// Commands and replies as kv encodes them.

inline constexpr std::uint8_t kCallWrite = 32;
inline constexpr std::uint8_t kCallRead = 33;
inline constexpr std::uint8_t kCallClientAddress = 34;

struct ForwardedWrite {
  Term term = {};
  SharedBytes command = {};
};
SharedBytes encode_forwarded_write(Term term, ByteView command);

struct ForwardedRead {
  LogIndex applied = {};
  std::vector<kv::Query> queries = {};
};
SharedBytes encode_forwarded_read(LogIndex applied, const std::vector<Read>& batch);

struct ForwardedAnswer {
  LogIndex index = {};
  std::optional<std::vector<kv::Reply>> replies = {};
};
SharedBytes encode(const ForwardedAnswer& answer);

// Errors: protocol_error, corrupt. What is decoded points into `body`.
Result<ForwardedWrite> decode_forwarded_write(const SharedBytes& body);
Result<ForwardedRead> decode_forwarded_read(const SharedBytes& body);
Result<ForwardedAnswer> decode_forwarded_answer(const SharedBytes& body);

}  // namespace proa::server
