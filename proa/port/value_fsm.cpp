#include "proa/port/value_fsm.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace proa {
namespace {

constexpr std::string_view kMagic = "PROAVAL";
constexpr std::byte kFormat{1};
constexpr std::size_t kHeaderBytes = kMagic.size() + 1;

/// Until the end, in steps: the size of what comes is not known before.
Result<std::vector<std::byte>> read_all(ByteSource& source) {
  std::vector<std::byte> all;
  std::array<std::byte, 4096> chunk;
  for (;;) {
    PROA_TRY(const std::size_t count, source.read(chunk));
    if (count == 0) return all;
    all.insert(all.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace

Result<void> ValueSnapshot::write_to(SnapshotSink& sink) {
  PROA_TRY(sink.write(view_of(kMagic)));
  PROA_TRY(sink.write(ByteView{&kFormat, 1}));
  return sink.write(value_);
}

Result<SharedBytes> ValueSnapshot::read(ByteSource& source) {
  PROA_TRY(std::vector<std::byte> bytes, read_all(source));
  const ByteView all{bytes};
  if (all.size() < kHeaderBytes || !equal(all.first(kMagic.size()), view_of(kMagic))) {
    return fail(Errc::corrupt,
                "the snapshot is none of a ValueFsm: it does not begin with its mark; another "
                "state machine has written it");
  }
  if (const std::byte format = all[kMagic.size()]; format != kFormat) {
    return fail(Errc::unsupported_protocol, "the snapshot of a ValueFsm has format " +
                                                std::to_string(std::to_integer<int>(format)) +
                                                ", this version reads 1; install a newer one");
  }
  return SharedBytes::take(std::move(bytes)).slice(kHeaderBytes, all.size() - kHeaderBytes);
}

}  // namespace proa
