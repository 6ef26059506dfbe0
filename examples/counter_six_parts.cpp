// The counter again, from the six parts of a node, as hashicorp/raft has them. It adds the numbers
// that it reads from its input, one in a line, and answers each with the total or with whom to ask.
#include <cinttypes>
#include <cstdio>
#include <proa/raft.hpp>

struct Counter : proa::Fsm {
  void apply(std::span<const proa::Committed> batch, proa::Responses& responses) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      total += proa::as_int64(batch[i].command).value_or(0);
      if (responses.wanted(i)) responses.set(i, total);
    }
  }
  proa::Result<std::unique_ptr<Snapshot>> snapshot() override {
    struct Copy : Snapshot {
      explicit Copy(std::int64_t value) : total(value) {}
      proa::Result<void> write_to(proa::SnapshotSink& sink) override {
        return sink.write(proa::bytes_of(total));
      }
      std::int64_t total;
    };
    return std::unique_ptr<Snapshot>{std::make_unique<Copy>(total)};
  }
  proa::Result<void> restore(proa::ByteSource& source) override {
    std::array<std::byte, 16> bytes;
    std::size_t size = 0;
    while (size < bytes.size()) {
      PROA_TRY(const std::size_t count, source.read(std::span{bytes}.subspan(size)));
      if (count == 0) break;
      size += count;
    }
    const auto stored = proa::as_int64(proa::ByteView{bytes}.first(size));
    if (!stored) return proa::fail(proa::Errc::corrupt, "this is no snapshot of a counter");
    total = *stored;
    return {};
  }
  std::int64_t total = 0;
};

proa::Result<std::unique_ptr<proa::Raft>> start(const proa::OpenOptions& options) {
  const proa::Config& config = options.config;
  const proa::Server* self = options.cluster.find(config.local_id);
  if (self == nullptr) return proa::fail(proa::Errc::invalid_config, "--name is not in --cluster");
  PROA_TRY(auto runtime, proa::make_runtime());
  PROA_TRY(auto transport, proa::tcp_transport(runtime, {.tcp = {.bind = self->address.value}}));
  PROA_TRY(const auto storage, proa::open_storage(options.directory));
  const proa::Stores stores{*storage.logs, *storage.stable, *storage.snapshots};
  PROA_TRY(const bool is_known, proa::has_existing_state(stores));
  if (!is_known) PROA_TRY(proa::bootstrap_cluster(config, stores, options.cluster));
  return proa::Raft::create(config, std::make_shared<Counter>(), storage.logs, storage.stable,
                            storage.snapshots, transport);
}

int main(int argc, char** argv) {
  const auto options = proa::options_from(argc, argv);
  if (!options) return proa::report(options.error());
  const auto raft = start(*options);
  if (!raft) return proa::report(raft.error());

  std::int64_t number = 0;
  while (std::scanf("%" SCNd64, &number) == 1) {
    const auto added = (*raft)->apply(proa::bytes_of(number)).within(std::chrono::seconds{5}).get();
    if (added) {
      std::printf("%" PRId64 "\n", std::any_cast<std::int64_t>(added->response));
    } else if (added.error().leader) {
      std::printf("ask %s\n", added.error().leader->address.value.c_str());
    } else {
      std::printf("%s\n", proa::to_string(added.error()).c_str());
    }
    std::fflush(stdout);
  }
  if (auto done = (*raft)->shutdown().get(); !done) return proa::report(done.error());
}
