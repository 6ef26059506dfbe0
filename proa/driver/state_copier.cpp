#include "proa/driver/state_copier.hpp"

#include <string>
#include <utility>
#include <vector>

namespace proa::driver {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

}  // namespace

void StateCopier::start(SnapshotMeta as, Fn<void(Result<void>)> copied) {
  as_ = std::move(as);
  copied_ = std::move(copied);
  lane_.post([self = shared_from_this()] { self->next(); });
}

void StateCopier::next() {
  const Result<bool> more = copy_chunk();
  if (!more) return end(fail(more.error()));
  if (!*more) return end({});
  lane_.post([self = shared_from_this()] { self->next(); });
}

Result<bool> StateCopier::copy_chunk() {
  if (given_up_.copy()) return fail(Errc::shutdown, "given up");
  if (sink_ == nullptr) {
    PROA_TRY(sink_, parts_.snapshots->create(as_));
  }
  std::vector<std::byte> chunk(kChunkBytes);
  PROA_TRY(const std::size_t count, parts_.source->read(chunk));
  bytes_ += count;
  if (count > 0) {
    PROA_TRY(sink_->write(ByteView{chunk}.first(count)));
    return true;
  }
  if (bytes_ == parts_.size) return false;
  return fail(Errc::corrupt, "the state has " + std::to_string(bytes_) +
                                 " bytes, its description says " + std::to_string(parts_.size));
}

void StateCopier::end(Result<void> result) {
  parts_.source.reset();
  if (!result) sink_.reset();
  parts_.runtime->loop().post([self = shared_from_this(), result = std::move(result)]() mutable {
    if (!self->given_up_.copy()) self->copied_(std::move(result));
  });
}

Result<std::string> StateCopier::close() {
  PROA_TRY(sink_->close());
  return sink_->id();
}

void StateCopier::give_up() {
  given_up_.with([](bool& given_up) { given_up = true; });
  lane_.post([self = shared_from_this()] { self->sink_.reset(); });
}

}  // namespace proa::driver
