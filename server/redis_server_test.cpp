#include "server/redis_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <any>
#include <string>

#include "kv/store.hpp"
#include "proa/testing/sim_runtime.hpp"
#include "proa/testing/sim_streams.hpp"
#include "server/resp/reply_parser.hpp"

// The server with clients on simulated streams and a replica that answers when the test says so.

namespace proa::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class AllWanted final : public Responses {
 public:
  bool wanted(std::size_t) const override { return true; }
  void set(std::size_t, std::any given) override { response = std::move(given); }
  std::any response;
};

/// Keeps what it is given until it is told to answer.
class FakeReplica final : public Replica {
 public:
  void write(std::vector<Write> batch) override {
    write_batches.push_back(batch.size());
    for (Write& one : batch)
      writes.push_back(std::move(one));
  }
  void read(std::vector<Read> batch) override {
    read_batches.push_back(batch.size());
    for (Read& one : batch)
      reads.push_back(std::move(one));
  }
  ReplicaStatus status() const override { return now; }

  void answer_all() {
    for (Write& one : std::exchange(writes, {}))
      answer(one);
    for (Read& one : std::exchange(reads, {}))
      one.done(store.answer(one.query));
  }
  void answer(Write& one) {
    const Committed entry{.index = LogIndex{++index}, .command = one.command};
    AllWanted responses;
    store.apply({&entry, 1}, responses);
    one.done(std::any_cast<kv::Reply>(responses.response));
  }

  kv::Store store;
  std::uint64_t index = 0;
  std::vector<Write> writes = {};
  std::vector<Read> reads = {};
  std::vector<std::size_t> write_batches = {};
  std::vector<std::size_t> read_batches = {};
  ReplicaStatus now = {.self = {"n1"}, .role = Role::leader, .servers = 3};
};

class LinesLogger final : public Logger {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::warn; }
  void log(LogLevel, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines = {};
};

/// A client that sends what it is told and keeps what it gets.
struct Client {
  std::unique_ptr<Dialing> dialing = {};
  std::unique_ptr<Stream> stream = {};
  std::string to_send = {};
  std::string received = {};
  bool reads = true;
  bool ended = false;

  void pump() {
    if (stream == nullptr) return;
    const ByteView piece = view_of(to_send);
    if (const auto taken = stream->write_some({&piece, 1})) to_send.erase(0, *taken);
    std::array<std::byte, 4096> buffer = {};
    while (reads) {
      const auto got = stream->read_some(buffer);
      if (!got) {
        ended = true;
        stream.reset();
        return;
      }
      if (*got == 0) return;
      received += text_of(ByteView{buffer}.first(*got));
    }
  }
};

class RedisServerTest : public ::testing::Test {
 protected:
  void start(RedisServerOptions options = {}) {
    options.logger = logger;
    server = std::make_unique<RedisServer>(
        server_runtime, streams.layer(server_runtime, {"server:7400"}), replica, options);
    ASSERT_TRUE(server->start());
  }
  ~RedisServerTest() override {
    for (auto& client : clients)
      *client = {};
    server.reset();
    client_streams.reset();
    server_runtime->kill();
    client_runtime->kill();
    while (scheduler.run_next()) {  // what is under way holds streams, and those the runtimes
    }
  }

  Client& connect() {
    Client& client = *clients.emplace_back(std::make_unique<Client>());
    client.dialing = client_streams->dial({"server:7400"}, std::chrono::seconds{1},
                                          [&client](Result<std::unique_ptr<Stream>> made) {
                                            PROA_ASSERT(made.has_value());
                                            client.stream = std::move(*made);
                                          });
    settle();
    return client;
  }

  /// Runs until nothing happens any more.
  void settle() {
    for (auto& client : clients)
      client->pump();
    const Instant until = scheduler.now() + std::chrono::milliseconds{50};
    bool reached = false;
    scheduler.at(until, 0, [&reached] { reached = true; });
    while (!reached && scheduler.run_next()) {
      for (auto& client : clients)
        client->pump();
    }
  }
  void send(Client& client, std::string_view text) {
    client.to_send += text;
    settle();
  }
  void answer() {
    replica->answer_all();
    settle();
  }
  /// What has come since the last call.
  static std::string taken(Client& client) { return std::exchange(client.received, {}); }
  /// Sends it and answers until there is a reply.
  std::string ask(Client& client, std::string_view text) {
    send(client, text);
    answer();
    return taken(client);
  }

  ::proa::testing::Scheduler scheduler{1};
  ::proa::testing::SimStreams streams{
      scheduler, {.short_write_percent = 20, .short_read_percent = 20}, 7};
  std::shared_ptr<::proa::testing::SimRuntime> server_runtime =
      std::make_shared<::proa::testing::SimRuntime>(scheduler, ::proa::testing::SimRuntimeOptions{},
                                                    1);
  std::shared_ptr<::proa::testing::SimRuntime> client_runtime =
      std::make_shared<::proa::testing::SimRuntime>(scheduler, ::proa::testing::SimRuntimeOptions{},
                                                    2);
  std::shared_ptr<StreamLayer> client_streams = streams.layer(client_runtime, {"client:1"});
  std::shared_ptr<FakeReplica> replica = std::make_shared<FakeReplica>();
  std::shared_ptr<LinesLogger> logger = std::make_shared<LinesLogger>();
  std::unique_ptr<RedisServer> server;
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(RedisServerTest, AnswersWritesAndReadsOfTheStore) {
  start();
  Client& client = connect();
  EXPECT_EQ(ask(client, "SET k v\r\n"), "+OK\r\n");
  EXPECT_EQ(ask(client, "GET k\r\n"), "$1\r\nv\r\n");
  EXPECT_EQ(ask(client, "SET k w GET\r\n"), "$1\r\nv\r\n");
  EXPECT_EQ(ask(client, "SET k w NX\r\n"), "$-1\r\n");
  EXPECT_EQ(ask(client, "INCRBY n 41\r\n"), ":41\r\n");
  EXPECT_EQ(ask(client, "INCR n\r\n"), ":42\r\n");
  EXPECT_EQ(ask(client, "DECRBY n 2\r\n"), ":40\r\n");
  EXPECT_EQ(ask(client, "DECR n\r\n"), ":39\r\n");
  EXPECT_EQ(ask(client, "INCR k\r\n"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(ask(client, "APPEND k xyz\r\n"), ":4\r\n");
  EXPECT_EQ(ask(client, "STRLEN k\r\n"), ":4\r\n");
  EXPECT_EQ(ask(client, "MSET a 1 b 2\r\n"), "+OK\r\n");
  EXPECT_EQ(ask(client, "MGET a nothing b\r\n"), "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
  EXPECT_EQ(ask(client, "EXISTS a a nothing\r\n"), ":2\r\n");
  EXPECT_EQ(ask(client, "DBSIZE\r\n"), ":4\r\n");
  EXPECT_EQ(ask(client, "DEL a b nothing\r\n"), ":2\r\n");
}

TEST_F(RedisServerTest, RefusesInRedissWords) {
  start();
  Client& client = connect();
  EXPECT_EQ(ask(client, "NOSUCH a b\r\n"),
            "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(ask(client, "GET\r\n"), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(ask(client, "MSET a 1 b\r\n"), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(ask(client, "SET k v NX XX\r\n"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask(client, "SET k v EX 10\r\n"), "-ERR keys do not expire on this server\r\n");
  EXPECT_EQ(ask(client, "INCRBY k x\r\n"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(ask(client, "DECRBY k -9223372036854775808\r\n"), "-ERR decrement would overflow\r\n");
  EXPECT_EQ(ask(client, "SELECT 1\r\n"), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(ask(client, "CLIENT NOSUCH\r\n"),
            "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n");
  EXPECT_THAT(replica->write_batches, IsEmpty());
}

TEST_F(RedisServerTest, PipelinedWritesGoToTheReplicaTogether) {
  start();
  Client& client = connect();
  send(client, "INCR n\r\nINCR n\r\nINCR n\r\n");
  std::size_t given = 0;
  for (const std::size_t batch : replica->write_batches)
    given += batch;
  EXPECT_EQ(given, 3U);
  EXPECT_EQ(taken(client), "");
  answer();
  EXPECT_EQ(taken(client), ":1\r\n:2\r\n:3\r\n");
}

TEST_F(RedisServerTest, AnswersLeaveInTheOrderOfTheRequestsWhateverComesFirst) {
  start();
  Client& client = connect();
  send(client, "INCR n\r\nPING\r\nINCR n\r\nECHO hi\r\n");
  ASSERT_EQ(replica->writes.size(), 2U);
  auto writes = std::exchange(replica->writes, {});
  replica->answer(writes[1]);
  settle();
  EXPECT_EQ(taken(client), "");
  replica->answer(writes[0]);
  settle();
  EXPECT_EQ(taken(client), ":2\r\n+PONG\r\n:1\r\n$2\r\nhi\r\n");
}

// A client expects to read what it has just written, and not what it writes afterwards.
TEST_F(RedisServerTest, ReadsAndWritesOfOneClientWaitForEachOther) {
  start();
  Client& client = connect();
  send(client, "SET k 1\r\nGET k\r\nSET k 2\r\nGET k\r\n");
  EXPECT_EQ(replica->writes.size(), 1U);
  EXPECT_EQ(replica->reads.size(), 0U);
  answer();
  EXPECT_EQ(replica->reads.size(), 1U);
  EXPECT_EQ(replica->writes.size(), 0U);
  answer();
  answer();
  answer();
  EXPECT_EQ(taken(client), "+OK\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n");
}

TEST_F(RedisServerTest, ATransactionIsOneWriteWithAllItsAnswers) {
  start();
  Client& client = connect();
  EXPECT_EQ(ask(client, "MULTI\r\nSET k v\r\nINCR k\r\nGET k\r\nDEL k x\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_THAT(replica->write_batches, IsEmpty());
  EXPECT_EQ(ask(client, "EXEC\r\n"),
            "*4\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nv\r\n:1\r\n");
  EXPECT_THAT(replica->write_batches, ElementsAre(1U));
  EXPECT_EQ(ask(client, "MULTI\r\nEXEC\r\nGET k\r\n"), "+OK\r\n*0\r\n$-1\r\n");
}

TEST_F(RedisServerTest, ATransactionWithAWrongCommandDoesNothing) {
  start();
  Client& client = connect();
  EXPECT_EQ(ask(client, "MULTI\r\nINCR n\r\nNOSUCH\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(ask(client, "MULTI\r\nPING\r\nEXEC\r\n"),
            "+OK\r\n-ERR only commands on keys may stand in a transaction\r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(ask(client, "MULTI\r\nINCR n\r\nDISCARD\r\nEXEC\r\nDISCARD\r\n"),
            "+OK\r\n+QUEUED\r\n+OK\r\n-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n");
  EXPECT_EQ(ask(client, "MULTI\r\nMULTI\r\nDISCARD\r\n"),
            "+OK\r\n-ERR MULTI calls can not be nested\r\n+OK\r\n");
  EXPECT_THAT(replica->write_batches, IsEmpty());
}

TEST_F(RedisServerTest, ATransactionHasALimit) {
  start({.request = {.request_bytes = 100}});
  Client& client = connect();
  const std::string value(60, 'x');
  EXPECT_EQ(ask(client, "MULTI\r\nSET k " + value + "\r\nSET l " + value + "\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n-ERR the transaction is too large\r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST_F(RedisServerTest, TakesNoMoreThanTheLimitBeforeItAnswers) {
  start({.commands_in_flight_max = 4});
  Client& client = connect();
  std::string text;
  for (int i = 0; i < 10; ++i)
    text += "INCR n\r\n";
  send(client, text);
  EXPECT_EQ(replica->writes.size(), 4U);
  answer();
  EXPECT_EQ(replica->writes.size(), 4U);
  answer();
  answer();
  EXPECT_EQ(taken(client), ":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:10\r\n");
}

// Answers that a client does not read hold up this client alone, and no more than the limit.
TEST_F(RedisServerTest, TakesNothingFromAClientThatDoesNotRead) {
  start({.commands_in_flight_max = 10, .unsent_bytes_max = 1000});
  Client& client = connect();
  ask(client, "SET k " + std::string(5000, 'x') + "\r\n");
  client.reads = false;
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "GET k\r\n";
  client.to_send = text;
  for (int i = 0; i < 50; ++i)
    answer();
  std::size_t reads = 0;
  for (const std::size_t batch : replica->read_batches)
    reads += batch;
  EXPECT_LT(reads, 200U);

  Client& other = connect();
  EXPECT_EQ(ask(other, "PING\r\n"), "+PONG\r\n");
  client.to_send += "INCR n\r\n";
  for (int i = 0; i < 50; ++i)
    answer();
  EXPECT_EQ(replica->write_batches.size(), 1U);  // the SET

  client.reads = true;
  for (int i = 0; i < 500; ++i)
    answer();
  EXPECT_EQ(client.received.size(), 200 * (5000 + 9U) + 4);
  EXPECT_THAT(client.received.substr(client.received.size() - 4), ":1\r\n");
}

TEST_F(RedisServerTest, MalformedBytesEndThatConnectionAfterWhatCameBefore) {
  start();
  Client& client = connect();
  Client& other = connect();
  send(client, "INCR n\r\n*1\r\n:5\r\nINCR n\r\n");
  EXPECT_FALSE(client.ended);  // an unanswered write is answered first
  answer();
  EXPECT_EQ(taken(client), ":1\r\n-ERR Protocol error: expected '$', got ':'\r\n");
  EXPECT_TRUE(client.ended);
  EXPECT_THAT(logger->lines, ElementsAre(HasSubstr("expected '$'")));
  EXPECT_EQ(ask(other, "INCR n\r\n"), ":2\r\n");
}

TEST_F(RedisServerTest, ABrowserThatIsMadeToSendCommandsIsCutOff) {
  start();
  Client& client = connect();
  send(client, "GET / HTTP/1.1\r\nHost: localhost:7400\r\n\r\nSET k v\r\n");
  EXPECT_TRUE(client.ended);
  Client& other = connect();
  send(other, "POST / HTTP/1.1\r\nSET k v\r\n");
  EXPECT_TRUE(other.ended);
  EXPECT_THAT(replica->write_batches, IsEmpty());
  EXPECT_THAT(logger->lines, ElementsAre(HasSubstr("HTTP"), HasSubstr("HTTP")));
}

TEST_F(RedisServerTest, QuitAnswersEverythingBeforeItCloses) {
  start();
  Client& client = connect();
  send(client, "INCR n\r\nQUIT\r\nINCR n\r\n");
  EXPECT_FALSE(client.ended);
  answer();
  EXPECT_EQ(taken(client), ":1\r\n+OK\r\n");
  EXPECT_TRUE(client.ended);
  EXPECT_EQ(replica->index, 1U);
}

TEST_F(RedisServerTest, TellsWhatAClientMayConcludeFromAFailure) {
  start();
  Client& client = connect();
  send(client, "INCR n\r\nINCR n\r\nINCR n\r\n");
  auto writes = std::exchange(replica->writes, {});
  writes[0].done(fail(Error{.code = Errc::leadership_lost, .detail = "lost"}));
  writes[1].done(fail(
      Error{.code = Errc::not_leader, .outcome = Outcome::not_executed, .detail = "no leader"}));
  writes[2].done(
      fail(Error{.code = Errc::busy, .outcome = Outcome::not_executed, .detail = "full"}));
  settle();
  EXPECT_EQ(taken(client),
            "-TIMEOUT outcome unknown: the write may or may not have happened: lost\r\n"
            "-CLUSTERDOWN not executed: no leader\r\n"
            "-TRYAGAIN not executed: full\r\n");
}

TEST_F(RedisServerTest, StopAnswersWhatWasTakenAndThenCloses) {
  start();
  Client& client = connect();
  Client& idle = connect();
  send(client, "INCR n\r\n");
  bool stopped = false;
  server->stop([&stopped] { stopped = true; });
  settle();
  EXPECT_TRUE(idle.ended);
  EXPECT_FALSE(client.ended);
  EXPECT_FALSE(stopped);
  answer();
  EXPECT_EQ(taken(client), ":1\r\n");
  EXPECT_TRUE(client.ended);
  EXPECT_TRUE(stopped);
}

TEST_F(RedisServerTest, AClientThatLeavesTakesNothingWithIt) {
  start();
  Client& client = connect();
  send(client, "INCR n\r\n");
  client.stream.reset();
  settle();
  answer();
  Client& other = connect();
  EXPECT_EQ(ask(other, "INCR n\r\n"), ":2\r\n");
}

TEST_F(RedisServerTest, OneClientTooManyIsToldSo) {
  start({.clients_max = 1});
  Client& first = connect();
  Client& second = connect();
  EXPECT_EQ(taken(second), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(second.ended);
  EXPECT_EQ(ask(first, "PING\r\n"), "+PONG\r\n");
}

TEST_F(RedisServerTest, HelloChoosesTheProtocol) {
  start();
  Client& client = connect();
  const std::string hello = ask(client, "HELLO 3 SETNAME me\r\n");
  EXPECT_THAT(hello, StartsWith("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"));
  EXPECT_THAT(hello, HasSubstr("$5\r\nproto\r\n:3\r\n"));
  EXPECT_THAT(hello, HasSubstr("$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"));
  EXPECT_EQ(ask(client, "GET nothing\r\n"), "_\r\n");
  EXPECT_EQ(ask(client, "CLIENT GETNAME\r\n"), "$2\r\nme\r\n");
  EXPECT_EQ(ask(client, "HELLO 4\r\n"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(ask(client, "RESET\r\n"), "+RESET\r\n");
  EXPECT_EQ(ask(client, "GET nothing\r\n"), "$-1\r\n");
}

// An answer is written in the protocol its request was sent under.
TEST_F(RedisServerTest, ARequestBeforeHelloIsAnsweredInTheOldProtocol) {
  start();
  Client& client = connect();
  send(client, "GET nothing\r\nHELLO 3\r\n");
  answer();
  EXPECT_THAT(taken(client), StartsWith("$-1\r\n%7\r\n"));
}

TEST_F(RedisServerTest, TellsClientsWhatTheyAskAtConnect) {
  start();
  Client& client = connect();
  EXPECT_THAT(ask(client, "INFO\r\n"), HasSubstr("loading:0\r\n"));
  EXPECT_THAT(ask(client, "INFO replication\r\n"), HasSubstr("role:master\r\n"));
  EXPECT_EQ(ask(client, "CLIENT SETINFO LIB-NAME redis-py\r\n"), "+OK\r\n");
  EXPECT_EQ(ask(client, "CONFIG GET save\r\n"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_EQ(ask(client, "CONFIG GET append*\r\n"),
            "*4\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
  EXPECT_THAT(ask(client, "COMMAND\r\n"), HasSubstr("$3\r\nget\r\n:2\r\n"));
  EXPECT_THAT(ask(client, "COMMAND INFO nosuch\r\n"), "*1\r\n$-1\r\n");
  EXPECT_THAT(ask(client, "COMMAND DOCS get\r\n"), HasSubstr("summary"));
  EXPECT_EQ(ask(client, "ROLE\r\n"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
  EXPECT_EQ(ask(client, "SELECT 0\r\n"), "+OK\r\n");
  replica->now.role = Role::follower;
  replica->now.leader_client_address = "10.0.0.2:7400";
  EXPECT_EQ(ask(client, "ROLE\r\n"),
            "*5\r\n$5\r\nslave\r\n$8\r\n10.0.0.2\r\n:7400\r\n$7\r\nconnect\r\n:0\r\n");
}

}  // namespace
}  // namespace proa::server
