#include "proa/testing/link_cuts.hpp"

#include <algorithm>

namespace proa::testing {
namespace {

StreamCut stream_cut(CutMode mode) {
  switch (mode) {
    case CutMode::hold:
      return StreamCut::stall;
    case CutMode::drop:
      return StreamCut::half_open;
    case CutMode::reset:
      return StreamCut::reset;
    case CutMode::replies:
      return StreamCut::replies;
  }
  return StreamCut::stall;
}

}  // namespace

bool LinkCuts::touches(const ServerAddress& server) const {
  const auto is_its = [&](const auto& closed) {
    return closed.first.first == server || closed.first.second == server;
  };
  return std::any_of(cut_.begin(), cut_.end(), is_its) ||
         std::any_of(blocked_.begin(), blocked_.end(), is_its);
}

void LinkCuts::close(const Way& way, CutMode mode) {
  ++changes_;
  network_.cut(way.first, way.second, mode);
  streams_.cut(way.first, way.second, stream_cut(mode));
}

void LinkCuts::open(const Way& way) {
  ++changes_;
  network_.heal(way.first, way.second);
  streams_.heal(way.first, way.second);
}

void LinkCuts::cut(const ServerAddress& from, const ServerAddress& to, CutMode mode) {
  cut_[{from, to}] = mode;
  close({from, to}, mode);
}

void LinkCuts::heal_all() {
  ++changes_;
  cut_.clear();
  network_.heal_all();
  streams_.heal_all();
  for (const auto& [way, mode] : blocked_)
    close(way, mode);
}

void LinkCuts::block(const ServerAddress& from, const ServerAddress& to, CutMode mode) {
  const Way way{from, to};
  ++changes_;
  blocked_[way] = mode;
  if (!cut_.contains(way)) close(way, mode);
}

void LinkCuts::unblock(const ServerAddress& from, const ServerAddress& to) {
  const Way way{from, to};
  ++changes_;
  if (blocked_.erase(way) > 0 && !cut_.contains(way)) open(way);
}

void LinkCuts::unblock_all() {
  ++changes_;
  for (const auto& [way, mode] : std::exchange(blocked_, {})) {
    if (!cut_.contains(way)) open(way);
  }
}

}  // namespace proa::testing
