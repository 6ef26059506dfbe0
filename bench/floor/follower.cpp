#include <sys/epoll.h>

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/floor/cluster.hpp"

namespace proa::bench {
namespace {

/// What has arrived: whole messages at the front, perhaps a part of one behind them.
class Inbox {
 public:
  void read_from(int fd) {
    for (;;) {
      if (buffer_.size() - end_ < kRoom) buffer_.resize(end_ + 2 * kRoom);
      const std::size_t got = try_read(fd, std::span{buffer_}.subspan(end_));
      end_ += got;
      if (got < kRoom) return;
    }
  }

  bool next(Header& header, std::span<std::byte>& body) {
    if (end_ - begin_ < sizeof header) return false;
    std::memcpy(&header, buffer_.data() + begin_, sizeof header);
    if (end_ - begin_ - sizeof header < header.bytes) return false;
    body = std::span{buffer_}.subspan(begin_ + sizeof header, header.bytes);
    begin_ += sizeof header + header.bytes;
    return true;
  }

  /// The spans of next() end here.
  void forget_taken() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }

 private:
  static constexpr std::size_t kRoom = 512U << 10U;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(2 * kRoom);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

void run_follower(Fd leader, const std::string& path) {
  LogFile log(path, LogFile::Content::zeros);
  Epoll epoll;
  epoll.add(leader.get(), EPOLLIN);
  Inbox inbox;
  std::vector<iovec> batch;
  for (;;) {
    epoll.wait();
    inbox.read_from(leader.get());
    batch.clear();
    Header header;
    std::span<std::byte> body;
    Acknowledgement answer;
    while (inbox.next(header, body)) {
      if (header.kind == Header::Kind::stop) std::_Exit(0);
      if (header.kind == Header::Kind::report) answer.is_report = 1;
      if (header.kind == Header::Kind::round) batch.push_back({body.data(), body.size()});
      answer.round = header.round;
    }
    if (batch.empty() && answer.is_report == 0) continue;
    if (!batch.empty()) log.append_and_sync(batch);
    inbox.forget_taken();
    if (answer.is_report != 0) {
      answer.usage = usage();
      answer.usage.syncs = log.syncs();
    }
    const auto bytes = std::as_bytes(std::span{&answer, 1});
    require(try_write(leader.get(), bytes) == bytes.size(), "acknowledge");
  }
}

}  // namespace proa::bench
