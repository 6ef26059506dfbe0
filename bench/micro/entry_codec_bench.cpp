#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "proa/wire/entry_codec.hpp"

// What a command costs on its way into the log and out of what was received. The first argument is
// the number of commands in a block, the second their size; `command` is the time of one. `floor`
// is a copy of the same bytes.

namespace proa::wire {
namespace {

std::vector<NewEntry> commands(const benchmark::State& state) {
  std::vector<NewEntry> entries(static_cast<std::size_t>(state.range(0)));
  const auto bytes = static_cast<std::size_t>(state.range(1));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i] = {.index = LogIndex{100'000 + i},
                  .term = Term{7},
                  .appended_at = {.unix_seconds = 1735689600, .nanoseconds = 123456789},
                  .data = SharedBytes::take(std::string(bytes, 'x'))};
  }
  return entries;
}

SharedBytes chunk_of(const EntryBlock& block) {
  std::string bytes;
  for (const Entry& entry : block.entries) {
    bytes += text_of(entry.head);
    if (entry.data_apart) bytes += text_of(entry.data);
    bytes += text_of(entry.tail);
  }
  return SharedBytes::take(std::move(bytes));
}

void report(benchmark::State& state) {
  const auto commands = static_cast<double>(state.iterations() * state.range(0));
  state.counters["command"] =
      benchmark::Counter(commands, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void encode(benchmark::State& state) {
  const std::vector<NewEntry> entries = commands(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(encode_block(entries));
  report(state);
}

void decode(benchmark::State& state) {
  const std::vector<NewEntry> entries = commands(state);
  const SharedBytes chunk = chunk_of(*encode_block(entries));
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_block(chunk, entries.size()));
  report(state);
}

void copy(benchmark::State& state) {
  const SharedBytes chunk = chunk_of(*encode_block(commands(state)));
  for (auto _ : state)
    benchmark::DoNotOptimize(SharedBytes::copy_of(chunk.view()));
  report(state);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t count : {1, 64, 1024}) {
    for (const std::int64_t bytes : {16, 256, 4096})
      benchmark->Args({count, bytes});
  }
}

BENCHMARK(encode)->Apply(sizes);
BENCHMARK(decode)->Apply(sizes);
BENCHMARK(copy)->Name("floor")->Apply(sizes);

}  // namespace
}  // namespace proa::wire
