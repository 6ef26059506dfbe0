#pragma once

#include <any>
#include <memory>
#include <utility>

#include "proa/port/fsm.hpp"
#include "proa/port/value_codec.hpp"

namespace proa {

/// The snapshot of a value: `PROAVAL` and the format's number, then what the codec has made of it.
class ValueSnapshot final : public Fsm::Snapshot {
 public:
  explicit ValueSnapshot(SharedBytes value) : value_(std::move(value)) {}
  Result<void> write_to(SnapshotSink& sink) override;
  /// What was written of the value. Errors: corrupt, unsupported_protocol (a newer format), those
  /// of the source.
  static Result<SharedBytes> read(ByteSource& source);

 private:
  SharedBytes value_;
};

/// A state machine whose whole state is one value in memory: give it a name and say what one
/// command does. Snapshots copy the value, so it should be small (megabytes at most).
/// Threads: the fsm lane; so value() is for apply_one and for the queries of Raft::read.
template <class T>
class ValueFsm : public Fsm {
  static_assert(HasValueCodec<T>, "specialise proa::ValueCodec for this type (value_codec.hpp)");

 public:
  explicit ValueFsm(T initial = {}) : value_(std::move(initial)) {}

  /// Carries out one command. What it returns goes to the caller of Raft::apply.
  virtual std::any apply_one(T& value, const Committed& entry) = 0;

  const T& value() const { return value_; }

  void apply(std::span<const Committed> batch, Responses& responses) final {
    for (std::size_t position = 0; position < batch.size(); ++position) {
      std::any response = apply_one(value_, batch[position]);
      if (responses.wanted(position)) responses.set(position, std::move(response));
    }
  }
  Result<std::unique_ptr<Snapshot>> snapshot() final {
    return std::unique_ptr<Snapshot>{
        std::make_unique<ValueSnapshot>(ValueCodec<T>::encode(value_))};
  }
  Result<void> restore(ByteSource& source) final {
    PROA_TRY(const SharedBytes bytes, ValueSnapshot::read(source));
    PROA_TRY(value_, ValueCodec<T>::decode(bytes));
    return {};
  }

 private:
  T value_;
};

}  // namespace proa
