#pragma once

#include <array>
#include <string>

#include "proa/port/fsm.hpp"

namespace proa {

/// Adds numbers; answers with the sum so far. Has no snapshots.
struct AddingFsm final : Fsm {
  void apply(std::span<const Committed> batch, Responses& responses) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      total += as_int64(batch[i].command).value_or(0);
      if (responses.wanted(i)) responses.set(i, total);
    }
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return fail(Errc::nothing_new_to_snapshot, "not here");
  }
  Result<void> restore(ByteSource&) override { return {}; }
  std::int64_t total = 0;
};

/// Remembers its commands as one text, which is also its snapshot. Refuses one that is `rotten`.
struct TextFsm final : Fsm {
  struct View final : Snapshot {
    explicit View(std::string text) : text_(std::move(text)) {}
    Result<void> write_to(SnapshotSink& sink) override { return sink.write(view_of(text_)); }
    std::string text_;
  };
  void apply(std::span<const Committed> batch, Responses&) override {
    for (const Committed& entry : batch)
      text += text_of(entry.command);
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override { return std::make_unique<View>(text); }
  Result<void> restore(ByteSource& source) override {
    std::array<std::byte, 1000> bytes{};
    PROA_TRY(const std::size_t count, source.read(bytes));
    text = text_of(ByteView{bytes}.first(count));
    if (text == "rotten") return fail(Errc::corrupt, "rotten");
    return {};
  }
  std::string text;
};

}  // namespace proa
