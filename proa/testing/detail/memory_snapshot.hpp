#pragma once

#include <optional>
#include <string>

#include "proa/port/fsm.hpp"

namespace proa::testing {

/// Everything that is written goes to a string.
class MemorySink final : public SnapshotSink {
 public:
  Result<void> write(ByteView bytes) override {
    text_ += text_of(bytes);
    return {};
  }
  Result<void> close() override { return {}; }
  Result<void> cancel() override { return {}; }
  const std::string& id() const override { return id_; }
  const std::string& text() const { return text_; }

 private:
  std::string id_ = "in memory";
  std::string text_;
};

/// Nothing: the state machine takes no snapshot now.
std::optional<std::string> snapshot_of(Fsm& fsm);
Result<void> restore_from(Fsm& fsm, ByteView snapshot);

}  // namespace proa::testing
