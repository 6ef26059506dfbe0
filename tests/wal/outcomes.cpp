#include <algorithm>

#include "proa/base/random.hpp"
#include "tests/wal/exhaustion.hpp"

namespace proa::sim {
namespace {

using testing::PowerCuts;
using testing::Unsynced;

constexpr std::uint64_t kDrawnBackgrounds = 4;

/// Goes through outcomes; `visit` says when to stop.
class Outcomes {
 public:
  Outcomes(const std::vector<Unsynced>& unsynced, std::uint64_t outcomes_max,
           const std::function<bool(const Fates&)>& visit)
      : unsynced_(unsynced), outcomes_max_(outcomes_max), visit_(visit), random_(unsynced.size()) {}

  Coverage run() {
    std::vector<std::uint8_t> all;
    std::vector<std::uint8_t> versions;
    for (const Unsynced& one : unsynced_) {
      // Of a sector whose bytes do not change only noise tells.
      all.push_back(one.equal ? 1 : one.fates());
      versions.push_back(one.equal ? 1 : one.versions);
    }
    if (product(all) <= outcomes_max_) {
      combine(all);
      tear_one_at_a_time(true);
      return Coverage::all;
    }
    const bool every_subset = product(versions) <= outcomes_max_;
    if (every_subset) {
      combine(versions);
    } else {
      sample();
    }
    tear_one_at_a_time(false);
    return every_subset ? Coverage::subsets : Coverage::sample;
  }

 private:
  std::uint64_t product(const std::vector<std::uint8_t>& fates) const {
    std::uint64_t product = 1;
    for (const std::uint8_t count : fates) {
      product *= count;
      if (product > outcomes_max_) return product;
    }
    return product;
  }

  void visit(const Fates& fates) {
    if (going_on_) going_on_ = visit_(fates);
  }

  /// Counts through all combinations, each position up to its number of fates.
  void combine(const std::vector<std::uint8_t>& counts) {
    Fates fates(unsynced_.size());
    while (going_on_) {
      visit(fates);
      std::size_t at = 0;
      while (at < fates.size() && ++fates[at] == counts[at])
        fates[at++] = 0;
      if (at == fates.size()) return;
    }
  }

  std::uint8_t last_fate(std::size_t at) const {
    return static_cast<std::uint8_t>(unsynced_[at].fates() - 1);
  }

  Fates uniform(std::uint8_t fate) const { return Fates(unsynced_.size(), fate); }

  Fates drawn() {
    Fates fates;
    for (const Unsynced& one : unsynced_)
      fates.push_back(static_cast<std::uint8_t>(random_.below(one.versions)));
    return fates;
  }

  /// The two ends, every single exception, every beginning and end of the order of writing, and
  /// outcomes_max drawn ones.
  void sample() {
    for (const std::uint8_t fate : {PowerCuts::kLost, PowerCuts::kSurvives}) {
      visit(uniform(fate));
      for (std::size_t i = 0; i < unsynced_.size() && going_on_; ++i) {
        if (unsynced_[i].equal) continue;
        Fates exception = uniform(fate);
        exception[i] = opposite(fate);
        visit(exception);
        visit(split(i, fate));
      }
    }
    for (std::uint64_t i = 0; i < outcomes_max_ && going_on_; ++i)
      visit(drawn());
  }

  static std::uint8_t opposite(std::uint8_t fate) { return fate == PowerCuts::kLost ? 1 : 0; }

  /// `fate` before position `at`, the opposite from there on.
  Fates split(std::size_t at, std::uint8_t fate) const {
    Fates fates = uniform(fate);
    std::fill(fates.begin() + static_cast<std::ptrdiff_t>(at), fates.end(), opposite(fate));
    return fates;
  }

  void tear_one_at_a_time(bool only_equal) {
    Fates all_noise = uniform(PowerCuts::kSurvives);
    for (std::size_t i = 0; i < unsynced_.size() && going_on_; ++i) {
      const Unsynced& one = unsynced_[i];
      if (one.torn == 0 || (only_equal && !one.equal)) continue;
      if (!one.equal) all_noise[i] = last_fate(i);
      for (Fates& background : backgrounds(i)) {
        const auto first = one.equal ? last_fate(i) : one.versions;
        for (std::uint8_t fate = first; fate < one.fates(); ++fate) {
          background[i] = fate;
          visit(background);
        }
      }
    }
    visit(all_noise);
  }

  std::vector<Fates> backgrounds(std::size_t at) {
    if (unsynced_[at].equal) return {uniform(PowerCuts::kSurvives)};
    std::vector<Fates> some;
    for (const std::uint8_t fate : {PowerCuts::kLost, PowerCuts::kSurvives}) {
      some.push_back(uniform(fate));
      some.push_back(split(at, fate));
    }
    for (std::uint64_t i = 0; i < kDrawnBackgrounds; ++i)
      some.push_back(drawn());
    return some;
  }

  const std::vector<Unsynced>& unsynced_;
  std::uint64_t outcomes_max_;
  const std::function<bool(const Fates&)>& visit_;
  Random random_;
  bool going_on_ = true;
};

}  // namespace

Coverage try_outcomes(const std::vector<Unsynced>& unsynced, std::uint64_t outcomes_max,
                      const std::function<bool(const Fates&)>& visit) {
  return Outcomes(unsynced, outcomes_max, visit).run();
}

}  // namespace proa::sim
