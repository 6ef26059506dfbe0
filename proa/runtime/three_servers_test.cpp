#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "proa/base/guarded.hpp"
#include "proa/node/bootstrap.hpp"
#include "proa/node/raft.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/detail/temporary_directory.hpp"
#include "proa/runtime/disk_storage.hpp"
#include "proa/runtime/tcp_transport.hpp"

// The six parts of the model's own way on real threads, sockets and files.

namespace proa {
namespace {

using testing::IsSupersetOf;

using Words = std::set<std::string>;

/// Remembers every command it was given.
class WordsFsm final : public Fsm {
 public:
  void apply(std::span<const Committed> batch, Responses&) override {
    words_.with([&](Words& words) {
      for (const Committed& entry : batch)
        words.emplace(text_of(entry.command));
    });
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return fail(Errc::nothing_new_to_snapshot, "this test takes no snapshots");
  }
  Result<void> restore(ByteSource&) override { return {}; }
  Words words() const { return words_.copy(); }

 private:
  Guarded<Words> words_;
};

/// One server: everything of it goes when it is destroyed, but its directory.
struct Member {
  std::shared_ptr<Transport> transport;
  std::shared_ptr<WordsFsm> fsm = std::make_shared<WordsFsm>();
  std::unique_ptr<Raft> raft;
};

Result<std::shared_ptr<Transport>> transport_at(const std::string& address) {
  PROA_TRY(auto runtime, make_runtime());
  return tcp_transport(std::move(runtime), {.tcp = {.bind = address}});
}

Result<void> start(Member& member, const Server& self, const std::string& directory,
                   const std::optional<Configuration>& founding) {
  Config config;
  config.local_id = self.id;
  config.heartbeat_timeout = config.election_timeout = std::chrono::milliseconds{300};
  config.leader_lease_timeout = std::chrono::milliseconds{200};
  PROA_TRY(const Storage storage, open_storage(directory));
  if (founding) {
    PROA_TRY(bootstrap_cluster(
        config, {.logs = *storage.logs, .stable = *storage.stable, .snapshots = *storage.snapshots},
        *founding));
  }
  PROA_TRY(member.raft, Raft::create(config, member.fsm, storage.logs, storage.stable,
                                     storage.snapshots, member.transport));
  return {};
}

class ThreeServers : public testing::Test {
 protected:
  static constexpr std::size_t kServers = 3;
  static constexpr int kAttemptsMax = 1000;

  void SetUp() override {
    for (std::size_t number = 0; number < kServers; ++number) {
      members_[number].transport = transport_at("127.0.0.1:0").value();
      configuration_.servers.push_back({.id = {std::string(1, static_cast<char>('a' + number))},
                                        .address = members_[number].transport->local_address()});
    }
    for (std::size_t number = 0; number < kServers; ++number) {
      const auto started = start(members_[number], configuration_.servers[number],
                                 directory_of(number), configuration_);
      ASSERT_TRUE(started) << started.error().detail;
    }
  }

  std::string directory_of(std::size_t number) const {
    return directory_ / configuration_.servers[number].id.value;
  }
  void stop(std::size_t number) { members_[number] = {}; }
  void restart(std::size_t number) {
    members_[number].transport = transport_at(configuration_.servers[number].address.value).value();
    const auto started =
        start(members_[number], configuration_.servers[number], directory_of(number), std::nullopt);
    ASSERT_TRUE(started) << started.error().detail;
  }

  /// Who leads, as any running server knows.
  std::size_t leader() {
    for (;;) {
      for (std::size_t number = 0; number < kServers; ++number) {
        if (members_[number].raft == nullptr) continue;
        const auto known = members_[number].raft->wait_leader().get();
        if (!known) continue;
        const std::size_t leads = static_cast<std::size_t>(known->id.value[0] - 'a');
        if (members_[leads].raft != nullptr) return leads;
      }
    }
  }

  /// Writes until somebody has taken it; a second attempt may write the word twice.
  void write(const std::string& word) {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      if (members_[leader()].raft->apply(bytes_of(word)).get()) {
        acknowledged_.insert(word);
        return;
      }
    }
    FAIL() << "nobody took " << word;
  }

  /// Completes when this server has applied all that was acknowledged.
  void catch_up(std::size_t number) {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      const auto end = members_[leader()].raft->barrier().get();
      if (end && members_[number].raft->wait_applied(*end).get()) return;
    }
    FAIL() << "server " << number << " does not catch up";
  }

  detail::TemporaryDirectory directory_;
  Configuration configuration_;
  std::array<Member, kServers> members_;
  Words acknowledged_;
};

TEST_F(ThreeServers, KeepWhatTheyAcknowledgedThroughTheEndOfALeaderAndItsReturn) {
  for (int number = 0; number < 50; ++number)
    write("before " + std::to_string(number));
  const std::size_t gone = leader();
  stop(gone);
  for (int number = 0; number < 50; ++number)
    write("without " + std::to_string(number));
  restart(gone);
  write("after");
  for (std::size_t number = 0; number < kServers; ++number) {
    catch_up(number);
    EXPECT_THAT(members_[number].fsm->words(), IsSupersetOf(acknowledged_)) << number;
  }
  EXPECT_EQ(acknowledged_.size(), 101U);
}

TEST_F(ThreeServers, ASecondNodeOnTheSameDirectoryIsRefused) {
  const auto second = open_storage(directory_of(0));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_THAT(second.error().detail, testing::HasSubstr(directory_of(0)));
}

}  // namespace
}  // namespace proa
