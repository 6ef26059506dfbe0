#pragma once

#include <optional>

#include "proa/base/ids.hpp"

namespace proa {

/// Who sends a request, as the header of every message names it. `address` is the text that the
/// configuration holds: the model compares addresses, not ids.
struct Sender {
  ServerId id = {};
  ServerAddress address = {};
  friend bool operator==(const Sender&, const Sender&) = default;
};
using Candidate = Sender;

/// What must be on disk before anybody hears of it (paper Figure 2, persistent state). Saved in one
/// atomic record.
struct HardState {
  Term term = {};
  std::optional<Candidate> vote = {};            ///< whom we voted for in `term`
  std::optional<LogPosition> repair_floor = {};  ///< set while a truncated log is refilled

  bool voted_in(Term in) const { return term == in && vote.has_value(); }
  /// The model compares addresses (reference §8.6, rule 8).
  bool voted_for(const Candidate& candidate) const {
    return vote.has_value() && vote->address == candidate.address;
  }
  friend bool operator==(const HardState&, const HardState&) = default;
};

}  // namespace proa
