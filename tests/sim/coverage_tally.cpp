#include "tests/sim/coverage_tally.hpp"

#include <algorithm>

namespace proa::sim {
namespace {

using testing::kSometimes;
using testing::kTuples;

/// Without comment and blanks.
std::string_view name_in(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

std::string CoverageTally::name_of_item(std::size_t item) {
  if (item < kTuples) return testing::name_of_tuple(item);
  return testing::name_of(static_cast<testing::Sometimes>(item - kTuples));
}

std::size_t CoverageTally::item_of(std::string_view name) {
  std::size_t item = 0;
  while (item < kItems && name_of_item(item) != name)
    ++item;
  return item;
}

Result<void> CoverageTally::require(std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view name = name_in(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (name.empty()) continue;
    const auto wrong = [&](const char* how) {
      return fail(Errc::invalid_config,
                  "line " + std::to_string(number) + ": '" + std::string(name) + "' " + how);
    };
    const std::size_t item = item_of(name);
    if (item == kItems) return wrong("is neither a tuple nor a condition");
    if (items_[item].required) return wrong("is there twice");
    items_[item].required = true;
  }
  return {};
}

void CoverageTally::add(const testing::CoverageCounts& counts) {
  for (std::size_t item = 0; item < kItems; ++item) {
    const auto count = item < kTuples ? counts.tuples[item] : counts.sometimes[item - kTuples];
    if (count == 0) continue;
    ++items_[item].seeds;
    ++items_[item].seeds_of_block;
  }
  if (++seeds_ % kSeedsToJudge == 0) end_block();
}

void CoverageTally::end_block() {
  for (Item& item : items_) {
    item.seeds_of_poorest_block = std::min(item.seeds_of_poorest_block, item.seeds_of_block);
    item.seeds_of_block = 0;
  }
}

std::vector<std::string> CoverageTally::missed() const {
  std::vector<std::string> names;
  if (seeds_ < kSeedsToJudge) return names;
  for (std::size_t item = 0; item < kItems; ++item) {
    if (items_[item].required && items_[item].seeds == 0) names.push_back(name_of_item(item));
  }
  return names;
}

void CoverageTally::print(std::FILE* out) const {
  const auto count = [&](std::size_t from, std::size_t to, const auto& counts) {
    return static_cast<std::size_t>(
        std::count_if(items_.begin() + static_cast<std::ptrdiff_t>(from),
                      items_.begin() + static_cast<std::ptrdiff_t>(to), counts));
  };
  const auto is_seen = [](const Item& item) { return item.seeds > 0; };
  const auto is_required = [](const Item& item) { return item.required; };
  std::fprintf(out, "coverage: %zu tuples, %zu required; %zu of %zu conditions, %zu required\n",
               count(0, kTuples, is_seen), count(0, kTuples, is_required),
               count(kTuples, kItems, is_seen), kSometimes, count(kTuples, kItems, is_required));
  std::fprintf(out, "sometimes, in so many seeds:");
  for (std::size_t item = kTuples; item < kItems; ++item) {
    std::fprintf(out, "%s %s %llu", item == kTuples ? "" : ",", name_of_item(item).c_str(),
                 static_cast<unsigned long long>(items_[item].seeds));
  }
  std::fprintf(out, "\n");
}

std::string CoverageTally::worth_requiring(std::uint64_t percent) const {
  std::string text;
  if (seeds_ < kSeedsToJudge) return text;
  for (std::size_t item = 0; item < kItems; ++item) {
    if (items_[item].seeds_of_poorest_block * 100 < kSeedsToJudge * percent) continue;
    text += name_of_item(item) + "\n";
  }
  return text;
}

}  // namespace proa::sim
