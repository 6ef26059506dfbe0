#include "proa/testing/link_cuts.hpp"

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

void LinkCuts::close(const Way& way, CutMode mode) {
  network_.cut(way.first, way.second, mode);
  streams_.cut(way.first, way.second, stream_cut(mode));
}

void LinkCuts::open(const Way& way) {
  network_.heal(way.first, way.second);
  streams_.heal(way.first, way.second);
}

void LinkCuts::cut(const ServerAddress& from, const ServerAddress& to, CutMode mode) {
  cut_[{from, to}] = mode;
  close({from, to}, mode);
}

void LinkCuts::heal_all() {
  cut_.clear();
  network_.heal_all();
  streams_.heal_all();
  for (const auto& [way, mode] : blocked_)
    close(way, mode);
}

void LinkCuts::block(const ServerAddress& from, const ServerAddress& to, CutMode mode) {
  const Way way{from, to};
  blocked_[way] = mode;
  if (!cut_.contains(way)) close(way, mode);
}

void LinkCuts::unblock(const ServerAddress& from, const ServerAddress& to) {
  const Way way{from, to};
  if (blocked_.erase(way) > 0 && !cut_.contains(way)) open(way);
}

void LinkCuts::unblock_all() {
  for (const auto& [way, mode] : std::exchange(blocked_, {})) {
    if (!cut_.contains(way)) open(way);
  }
}

}  // namespace proa::testing
