#include "proa/transport/detail/snapshot_body.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace proa {

SnapshotBody::SnapshotBody(std::shared_ptr<BytePipe> pipe, std::uint64_t bytes)
    : pipe_(std::move(pipe)), missing_(bytes) {
  if (complete() && pipe_ != nullptr) std::exchange(pipe_, nullptr)->finish({});
}

SnapshotBody::~SnapshotBody() {
  if (pipe_ == nullptr) return;
  pipe_->finish(Error{.code = Errc::peer_unreachable,
                      .detail = "the connection ended " + std::to_string(missing_) +
                                " bytes before the state of the snapshot did"});
}

std::span<std::byte> SnapshotBody::space() {
  if (chunk_is_due()) push();
  if (chunk_is_due() || complete()) return {};
  if (chunk_ == nullptr) {
    chunk_bytes_ =
        static_cast<std::size_t>(std::min<std::uint64_t>(missing_, BytePipe::kChunkBytes));
    chunk_ = std::make_shared_for_overwrite<std::byte[]>(chunk_bytes_);
  }
  const auto size = std::min<std::uint64_t>(missing_, chunk_bytes_ - filled_);
  return {chunk_.get() + filled_, static_cast<std::size_t>(size)};
}

void SnapshotBody::received(std::size_t bytes) {
  PROA_ASSERT(bytes <= chunk_bytes_ - filled_);
  PROA_ASSERT(bytes <= missing_);
  filled_ += bytes;
  missing_ -= bytes;
  if (chunk_is_due()) push();
}

// A chunk that nobody wants is filled again.
void SnapshotBody::push() {
  if (pipe_ != nullptr && pipe_->stopped().has_value()) drop_rest();
  if (pipe_ != nullptr) {
    if (!pipe_->try_push({chunk_, ByteView{chunk_.get(), filled_}})) return;
    chunk_.reset();
  }
  filled_ = 0;
  if (missing_ == 0 && pipe_ != nullptr) std::exchange(pipe_, nullptr)->finish({});
}

void SnapshotBody::when_room(Executor& where, Fn<void()> callback) {
  if (pipe_ == nullptr) return where.post(std::move(callback));
  pipe_->when_pushable(where, std::move(callback));
}

void SnapshotBody::drop_rest() {
  if (pipe_ == nullptr) return;
  std::exchange(pipe_, nullptr)
      ->finish(Error{.code = Errc::protocol_error,
                     .detail = "the request was answered before its state had arrived"});
}

}  // namespace proa
