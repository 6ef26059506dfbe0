#include <cstdio>
#include <proa/raft.hpp>

struct Counter : proa::ValueFsm<std::int64_t> {  // snapshot and restore come with it
  std::any apply_one(std::int64_t& total, const proa::Committed& entry) override {
    return total += proa::as_int64(entry.command).value_or(0);
  }
};

int main(int argc, char** argv) {
  auto counter = std::make_shared<Counter>();
  auto raft = proa::open(proa::options_from(argc, argv), counter);  // stores, TCP, bootstrap
  if (!raft) return proa::report(raft.error());
  if (auto leader = (*raft)->wait_leader().get(); !leader) return proa::report(leader.error());
  auto added = (*raft)->apply(proa::bytes_of(std::int64_t{1})).get();
  if (!added && added.error().leader)
    std::printf("ask %s\n", added.error().leader->address.value.c_str());
  auto total =
      (*raft)->read(proa::ReadLevel::linearizable, [counter] { return counter->value(); }).get();
  if (total) std::printf("%lld\n", static_cast<long long>(*total));
}
