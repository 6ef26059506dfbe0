#pragma once

#include <cstdint>
#include <string_view>

#include "proa/base/time.hpp"

namespace proa {

/// Where measurements go. Names carry base units: `raft_commit_seconds`, `raft_wal_bytes_total`.
/// Threads: any; implementations must allow it and return quickly.
class MetricsSink {
 public:
  virtual ~MetricsSink() = default;
  virtual void add(std::string_view counter, std::uint64_t by) = 0;
  virtual void set(std::string_view gauge, std::uint64_t value) = 0;
  virtual void observe(std::string_view histogram, Duration value) = 0;
};

/// Drops everything.
class NullMetricsSink : public MetricsSink {
 public:
  void add(std::string_view, std::uint64_t) override {}
  void set(std::string_view, std::uint64_t) override {}
  void observe(std::string_view, Duration) override {}
};

}  // namespace proa
