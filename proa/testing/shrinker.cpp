#include "proa/testing/shrinker.hpp"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/tape_file.hpp"

namespace proa::testing {
namespace {

constexpr int kFinestTimeCut = 64;       ///< parts of the run
constexpr std::size_t kSpansToCut = 64;  ///< of a queue; with more the cuts take too many attempts
constexpr int kLowerings = 10;           ///< attempts to lower one value
constexpr std::size_t kCoarsestRound = 8;  ///< parts of a queue that the first round silences
constexpr Duration kLonger = std::chrono::seconds{2};  ///< an attempt may take than the best so far
constexpr std::uint64_t kMoreEvents = 100'000;

TapeQueue* find(Tape& tape, const std::string& name) {
  for (TapeQueue& queue : tape.queues) {
    if (queue.name == name) return &queue;
  }
  return nullptr;
}

std::vector<std::size_t> loud_places(const TapeQueue* queue) {
  std::vector<std::size_t> places;
  for (std::size_t place = 0; queue != nullptr && place < queue->spans.size(); ++place) {
    if (!queue->spans[place].values.empty()) places.push_back(place);
  }
  return places;
}

std::size_t loud_spans(const TapeQueue& queue) {
  return static_cast<std::size_t>(
      std::count_if(queue.spans.begin(), queue.spans.end(),
                    [](const TapeSpan& span) { return !span.values.empty(); }));
}

/// Of the queues that hold anything, the long ones first.
std::vector<std::string> loud_queues(const Tape& tape) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  for (const TapeQueue& queue : tape.queues) {
    if (const std::size_t loud = loud_spans(queue); loud > 0) sorted.emplace_back(loud, queue.name);
  }
  std::sort(sorted.rbegin(), sorted.rend());
  std::vector<std::string> names;
  for (auto& [loud, name] : sorted)
    names.push_back(std::move(name));
  return names;
}

/// What is decided before the first event lies outside of time.
bool is_about_the_beginning(const TapeQueue& queue) {
  return std::all_of(queue.spans.begin(), queue.spans.end(),
                     [](const TapeSpan& span) { return span.at == Instant{}; });
}

}  // namespace

TapeSize size_of(const Tape& tape, Duration simulated) {
  TapeSize size{.simulated = simulated};
  for (const TapeQueue& queue : tape.queues) {
    for (const TapeSpan& span : queue.spans) {
      if (!span.values.empty()) ++size.spans;
      for (const std::uint64_t value : span.values) {
        if (value != 0) ++size.values;
        size.bits += static_cast<std::size_t>(std::bit_width(value));
      }
    }
  }
  return size;
}

Played Shrinker::shrink(Played failing) {
  PROA_ASSERT(!failing.violation.empty());
  rule_ = rule_of(failing.violation);
  best_ = std::move(failing);
  best_size_ = size_of(best_.recorded, best_.simulated);
  TapeSize before;
  std::size_t round = 0;
  do {
    before = best_size_;
    ++round;
    silence_queues();
    silence_classes();
    cut_time();
    silence_spans(kCoarsestRound << (3 * round));
    cut_spans();
    lower_values();
  } while (best_size_ < before && !is_out());
  return std::move(best_);
}

bool Shrinker::attempt(const Tape& candidate) {
  if (is_out()) return false;
  ++attempts_;
  Played played = play_(candidate, {.stop_after = best_.simulated + kLonger,
                                    .events_max = best_.events * 2 + kMoreEvents});
  if (played.violation.empty() || rule_of(played.violation) != rule_) return false;
  const TapeSize size = size_of(played.recorded, played.simulated);
  if (size >= best_size_) return false;
  best_ = std::move(played);
  best_size_ = size;
  return true;
}

void Shrinker::tell(const char* pass) const {
  if (!options_.tell) return;
  options_.tell(std::string(pass) + ": " + std::to_string(best_size_.spans) + " spans, " +
                std::to_string(best_size_.values) + " values, " + to_string(best_size_.simulated) +
                " simulated, " + std::to_string(attempts_) + " attempts");
}

void Shrinker::silence_queues() {
  silence_queues(loud_queues(best_.recorded));
  tell("queues silenced");
}

/// All of them, or the halves.
void Shrinker::silence_queues(std::span<const std::string> names) {
  if (names.empty() || is_out()) return;
  Tape candidate = best_.recorded;
  for (const std::string& name : names) {
    if (TapeQueue* queue = find(candidate, name)) queue->spans.clear();
  }
  if (attempt(candidate) || names.size() == 1) return;
  const std::size_t half = names.size() / 2;
  silence_queues(names.first(half));
  silence_queues(names.subspan(half));
}

/// A class of faults is what the spans say that they are about.
void Shrinker::silence_classes() {
  std::set<std::string> classes(best_.recorded.notes.begin() + 1, best_.recorded.notes.end());
  for (const std::string& name : classes) {
    Tape candidate = best_.recorded;
    bool changed = false;
    for (TapeQueue& queue : candidate.queues) {
      for (TapeSpan& span : queue.spans) {
        if (span.values.empty() || candidate.notes[span.note] != name) continue;
        span.values.clear();
        changed = true;
      }
    }
    if (changed) attempt(candidate);
  }
  tell("classes of faults dropped");
}

void Shrinker::cut_time() {
  for (int parts = 2; parts <= kFinestTimeCut && !is_out(); parts *= 2) {
    const Duration width = best_.simulated / parts;
    Duration from = {};
    while (from < best_.simulated && !is_out()) {
      if (!cut_time({from}, {from + width})) from += width;
    }
  }
  tell("time cut out");
}

/// As if the stretch had not been: what comes later comes at once.
bool Shrinker::cut_time(Instant from, Instant to) {
  Tape candidate = best_.recorded;
  std::size_t cut = 0;
  for (TapeQueue& queue : candidate.queues) {
    if (is_about_the_beginning(queue)) continue;
    cut += std::erase_if(queue.spans,
                         [&](const TapeSpan& span) { return from <= span.at && span.at < to; });
  }
  return cut > 0 && attempt(candidate);
}

/// Long queues in so many pieces at most: what remains is for the next round.
void Shrinker::silence_spans(std::size_t pieces_max) {
  for (const std::string& name : loud_queues(best_.recorded)) {
    const std::size_t all = loud_places(find(best_.recorded, name)).size();
    const std::size_t finest = std::max<std::size_t>(1, all / pieces_max);
    for (std::size_t chunk = (all + 1) / 2; chunk >= finest && !is_out(); chunk /= 2)
      silence_spans_of(name, chunk);
  }
  tell("spans silenced");
}

void Shrinker::silence_spans_of(const std::string& name, std::size_t chunk) {
  std::size_t from = 0;
  while (!is_out()) {
    const std::vector<std::size_t> places = loud_places(find(best_.recorded, name));
    if (from >= places.size()) return;
    Tape candidate = best_.recorded;
    TapeQueue& queue = *find(candidate, name);
    for (std::size_t i = from; i < std::min(from + chunk, places.size()); ++i)
      queue.spans[places[i]].values.clear();
    if (!attempt(candidate)) from += chunk;
  }
}

/// What comes later in the queue moves up: a span alone, or the calm before it.
void Shrinker::cut_spans() {
  for (const std::string& name : loud_queues(best_.recorded)) {
    std::size_t left = loud_places(find(best_.recorded, name)).size();
    if (left > kSpansToCut) continue;
    while (left > 0 && !is_out()) {
      const std::vector<std::size_t> places = loud_places(find(best_.recorded, name));
      left = std::min(left, places.size());
      if (left == 0) break;
      --left;
      const std::size_t place = places[left];
      cut_span(name, {.from = place, .to = place + 1});
      const std::size_t calm_from = left == 0 ? 0 : places[left - 1] + 1;
      if (calm_from < place) cut_span(name, {.from = calm_from, .to = place});
    }
  }
  tell("spans cut");
}

void Shrinker::cut_span(const std::string& name, Stretch stretch) {
  Tape candidate = best_.recorded;
  TapeQueue* queue = find(candidate, name);
  if (queue == nullptr || queue->spans.size() < stretch.to) return;
  const auto begin = queue->spans.begin();
  queue->spans.erase(begin + static_cast<std::ptrdiff_t>(stretch.from),
                     begin + static_cast<std::ptrdiff_t>(stretch.to));
  attempt(candidate);
}

void Shrinker::lower_values() {
  std::vector<std::string> names = loud_queues(best_.recorded);
  std::reverse(names.begin(), names.end());  // the short ones say more
  for (const std::string& name : names) {
    for (const std::size_t place : loud_places(find(best_.recorded, name)))
      lower_values_of(name, place);
  }
  tell("values lowered");
}

void Shrinker::lower_values_of(const std::string& name, std::size_t place) {
  for (std::size_t which = 0; !is_out(); ++which) {
    const TapeQueue* queue = find(best_.recorded, name);
    if (queue == nullptr || place >= queue->spans.size()) return;
    const std::vector<std::uint64_t>& values = queue->spans[place].values;
    if (which >= values.size()) return;
    if (values[which] != 0) lower_value({.queue = name, .place = place, .which = which});
  }
}

/// To 0, or between what was too low and what still fails.
void Shrinker::lower_value(const Spot& spot) {
  if (try_value(spot, 0)) return;
  std::uint64_t too_low = 0;
  for (int i = 0; i < kLowerings && !is_out(); ++i) {
    const TapeQueue* queue = find(best_.recorded, spot.queue);
    if (queue == nullptr || spot.place >= queue->spans.size()) return;
    const TapeSpan& span = queue->spans[spot.place];
    if (spot.which >= span.values.size()) return;
    const std::uint64_t value = span.values[spot.which];
    if (std::bit_width(value) == std::bit_width(too_low) || value <= too_low + 1) return;
    const std::uint64_t middle = too_low + (value - too_low) / 2;
    if (!try_value(spot, middle)) too_low = middle;
  }
}

bool Shrinker::try_value(const Spot& spot, std::uint64_t value) {
  Tape candidate = best_.recorded;
  find(candidate, spot.queue)->spans[spot.place].values[spot.which] = value;
  return attempt(candidate);
}

}  // namespace proa::testing
