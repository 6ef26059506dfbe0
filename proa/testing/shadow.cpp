#include "proa/testing/shadow.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

std::uint64_t mix(std::uint64_t hash, ByteView bytes) {
  hash = mix(hash, bytes.size());
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = mix(hash, word);
    bytes = bytes.subspan(sizeof word);
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return mix(hash, rest);
}

}  // namespace

EntryFacts facts_of(const Entry& entry) {
  std::uint64_t hash = mix(0, static_cast<std::uint64_t>(entry.kind));
  hash = mix(hash, entry.data);
  hash = mix(hash, entry.extensions);
  return {.term = entry.term, .kind = entry.kind, .hash = hash};
}

void StateHash::add_word(std::uint64_t word) { hash_ = mix(hash_, word); }

void StateHash::add(ByteView bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  while (!bytes.empty()) {
    const std::size_t filled = length_ % kWord;
    if (filled == 0 && bytes.size() >= kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), kWord);
      add_word(word);
      length_ += kWord;
      bytes = bytes.subspan(kWord);
      continue;
    }
    rest_ |= std::to_integer<std::uint64_t>(bytes.front()) << (8 * filled);
    if (++length_ % kWord == 0) add_word(std::exchange(rest_, 0));
    bytes = bytes.subspan(1);
  }
}

std::uint64_t StateHash::value() const {
  return std::max<std::uint64_t>(mix(mix(hash_, rest_), length_), 1);
}

const EntryFacts* ShadowLog::find(LogIndex index) const {
  if (index <= base_.index || index > last()) return nullptr;
  return &entries_[index.value - base_.index.value - 1];
}

std::optional<Term> ShadowLog::term_at(LogIndex index) const {
  if (const EntryFacts* facts = find(index)) return facts->term;
  if (index == base_.index && (index == LogIndex{} || base_.term != Term{})) return base_.term;
  return std::nullopt;
}

void ShadowLog::write(const LogBatch& batch) {
  if (batch.restart_after) restart_after(*batch.restart_after);
  if (batch.truncate_from) truncate_suffix(*batch.truncate_from);
  batch.entries.for_each([this](const Entry& entry) {
    PROA_ASSERT(entry.index == next(last()));
    append(facts_of(entry));
  });
}

void ShadowLog::truncate_suffix(LogIndex from) {
  if (from > last()) return;
  PROA_ASSERT(from > base_.index);
  entries_.resize(from.value - base_.index.value - 1);
}

void ShadowLog::truncate_prefix(LogIndex last_removed) {
  if (last_removed <= base_.index) return;
  if (last_removed > last()) return restart_after({.term = {}, .index = last_removed});
  const Term term = find(last_removed)->term;
  const auto removed = static_cast<std::ptrdiff_t>(last_removed.value - base_.index.value);
  entries_.erase(entries_.begin(), entries_.begin() + removed);
  base_ = {.term = term, .index = last_removed};
}

void ShadowLog::restart_after(LogPosition position) {
  base_ = position;
  entries_.clear();
}

}  // namespace proa::testing
