#include "proa/driver/hard_state.hpp"

#include <array>
#include <utility>
#include <vector>

#include "proa/base/mutant.hpp"

namespace proa::driver {
namespace {

constexpr std::size_t kNumberBytes = 8;

void put_number(std::uint64_t value, std::vector<std::byte>& into) {
  for (std::size_t at = 0; at < kNumberBytes; ++at) {
    into.push_back(static_cast<std::byte>(value >> (8 * (kNumberBytes - 1 - at))));
  }
}

std::uint64_t number_at(ByteView bytes, std::size_t offset) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes.subspan(offset, kNumberBytes)) {
    value = value << 8 | static_cast<std::uint64_t>(byte);
  }
  return value;
}

KeyValue number(const char* key, std::uint64_t value) {
  std::vector<std::byte> bytes;
  put_number(value, bytes);
  return {.key = key, .value = SharedBytes::take(std::move(bytes))};
}

KeyValue text(const char* key, std::string_view value) {
  return {.key = key, .value = SharedBytes::copy_of(value)};
}

/// Empty: there is none.
KeyValue floor(const std::optional<LogPosition>& position) {
  std::vector<std::byte> bytes;
  if (position) {
    put_number(position->term.value, bytes);
    put_number(position->index.value, bytes);
  }
  return {.key = kRepairFloorKey, .value = SharedBytes::take(std::move(bytes))};
}

Failure malformed(const char* key, std::size_t size) {
  return fail(Errc::corrupt, std::string{"the stable store holds "} + std::to_string(size) +
                                 " bytes under " + key +
                                 ", which is not what a server saves there; restore the data "
                                 "directory, or remove this server and add a new one");
}

Result<std::uint64_t> load_number(const StableStore& store, const char* key) {
  PROA_TRY(const std::optional<SharedBytes> value, store.get(key));
  if (!value || value->empty()) return std::uint64_t{0};
  if (value->size() != kNumberBytes) return malformed(key, value->size());
  return number_at(*value, 0);
}

Result<std::string> load_text(const StableStore& store, const char* key) {
  PROA_TRY(const std::optional<SharedBytes> value, store.get(key));
  return value ? std::string{text_of(*value)} : std::string{};
}

Result<std::optional<LogPosition>> load_floor(const StableStore& store) {
  PROA_TRY(const std::optional<SharedBytes> value, store.get(kRepairFloorKey));
  if (!value || value->empty()) return std::optional<LogPosition>{};
  if (value->size() != 2 * kNumberBytes) return malformed(kRepairFloorKey, value->size());
  return std::optional{
      LogPosition{.term = {number_at(*value, 0)}, .index = {number_at(*value, kNumberBytes)}}};
}

}  // namespace

Result<void> save(StableStore& store, const HardState& state) {
  std::vector<KeyValue> values;
  values.push_back(number(kCurrentTermKey, state.term.value));
  values.push_back(floor(state.repair_floor));
  if (state.vote) {
    values.push_back(number(kLastVoteTermKey, state.term.value));
    if (mutant("term and vote in two writes")) PROA_TRY(store.set(std::exchange(values, {})));
    values.push_back(text(kLastVoteAddressKey, state.vote->address.value));
    values.push_back(text(kLastVoteIdKey, state.vote->id.value));
  }
  return store.set(values);
}

Result<HardState> load_hard_state(const StableStore& store) {
  PROA_TRY(const std::uint64_t term, load_number(store, kCurrentTermKey));
  PROA_TRY(const std::uint64_t vote_term, load_number(store, kLastVoteTermKey));
  PROA_TRY(std::optional<LogPosition> repair_floor, load_floor(store));
  HardState state{.term = {term}, .repair_floor = repair_floor};
  if (term == 0 || vote_term != term) return state;
  PROA_TRY(std::string id, load_text(store, kLastVoteIdKey));
  PROA_TRY(std::string address, load_text(store, kLastVoteAddressKey));
  state.vote = Candidate{.id = {std::move(id)}, .address = {std::move(address)}};
  return state;
}

Result<void> check_server_id(const StableStore& store, const ServerId& id) {
  PROA_TRY(const std::string stored, load_text(store, kServerIdKey));
  if (stored.empty() || stored == id.value) return {};
  return fail(Errc::invalid_config, "local_id is " + id.value + " but the data is that of server " +
                                        stored +
                                        "; a server must never take over another one's data: give "
                                        "it its own directory or its own id");
}

Result<void> save_server_id(StableStore& store, const ServerId& id) {
  PROA_TRY(const std::string stored, load_text(store, kServerIdKey));
  if (stored == id.value) return {};
  return store.set(std::array{text(kServerIdKey, id.value)});
}

bool is_untouched(const LogSummary& log) {
  return log.log.entries.empty() && log.log.entries.first <= LogIndex{1} && !log.rot_cut;
}

Result<void> check_log(const StableStore& store, const LogSummary& log) {
  PROA_TRY(const std::uint64_t begun, load_number(store, kLogBegunKey));
  if (begun == 0 || !is_untouched(log)) return {};
  return fail(Errc::corrupt,
              "the log of this server is missing: its stable store says that it had one, and the "
              "log store was never written to. What it acknowledged may be lost with it; bring "
              "the log back, or remove this server from the cluster and add it as a new one with "
              "an empty data directory");
}

Result<void> note_log(StableStore& store) {
  PROA_TRY(const std::uint64_t begun, load_number(store, kLogBegunKey));
  if (begun != 0) return {};
  return store.set(std::array{number(kLogBegunKey, 1)});
}

}  // namespace proa::driver
