#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "cli/cluster_view.hpp"
#include "cli/demo_load.hpp"
#include "cli/demo_script.hpp"
#include "cli/output.hpp"

namespace proa::cli {
namespace {

constexpr const char* kKeys =
    "keys: [1-3] kill or restart a server   [p] pause the leader, or let it go on   [l] load\n"
    "      [t] hand leadership over   [s] status   [q] quit";
constexpr int kReportMilliseconds = 1000;

/// The terminal gives keys as they are pressed, as long as this lives.
class KeyByKey {
 public:
  KeyByKey() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  ~KeyByKey() { ::tcsetattr(STDIN_FILENO, TCSANOW, &before_); }
  KeyByKey(const KeyByKey&) = delete;
  KeyByKey& operator=(const KeyByKey&) = delete;

  /// Nothing: no key within a second. `q` at the end of the input.
  static std::optional<char> next() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, kReportMilliseconds) <= 0) return {};
    char key = 'q';
    return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
  }

 private:
  termios before_ = {};
};

/// The demo by hand. Threads: one.
class Keys {
 public:
  explicit Keys(DemoCluster& cluster) : cluster_(cluster) {}

  Exit run() {
    line(kKeys);
    const KeyByKey keyboard;
    for (;;) {
      const auto key = KeyByKey::next();
      if (!key) {
        tell_rate();
      } else if (*key == 'q') {
        return Exit::ok;
      } else {
        press(*key);
      }
    }
  }

 private:
  void press(char key) {
    const auto which = static_cast<std::size_t>(key - '1');
    if (key >= '1' && which < cluster_.size()) return kill_or_restart(which);
    if (key == 'l') return load_or_stop();
    if (key == 'p') return pause_or_go_on();
    if (key == 't') return transfer();
    if (key == 's') return status();
    line(kKeys);
  }

  void kill_or_restart(std::size_t which) {
    if (cluster_.is_running(which)) {
      cluster_.kill(which);
      return line("SIGKILL " + cluster_.name(which));
    }
    const auto back = cluster_.restart(which);
    if (!back) {
      report(back.error());
      return;
    }
    line(cluster_.name(which) + " is back");
  }

  void load_or_stop() {
    if (load_ != nullptr) {
      load_->stop();
      line("load stopped after " + grouped(load_->acknowledged()) + " acknowledged writes");
      return load_.reset();
    }
    std::vector<std::string> addresses;
    for (std::size_t which = 0; which < cluster_.size(); ++which)
      addresses.push_back(cluster_.clients(which));
    load_ = std::make_unique<DemoLoad>(std::move(addresses), 16);
    told_ = 0;
    line("a client writes through each server");
  }

  void tell_rate() {
    if (load_ == nullptr) return;
    const std::uint64_t now = load_->acknowledged();
    line(grouped(now - told_) + " writes acknowledged in this second");
    told_ = now;
  }

  void pause_or_go_on() {
    if (paused_) {
      cluster_.pause(*paused_, false);
      line(cluster_.name(*paused_) + " goes on");
      return paused_.reset();
    }
    const auto leader = cluster_.leader();
    if (!leader) return;
    paused_ = *leader;
    cluster_.pause(*leader, true);
    line("SIGSTOP " + cluster_.name(*leader) + ", the leader; [p] again lets it go on");
  }

  void transfer() {
    const auto answer =
        cluster_.admin().call_leader(server::CallKind::transfer, CallWriter{}.text("").take());
    if (!answer) {
      report(answer.error());
      return;
    }
    const auto leader = cluster_.leader();
    if (leader) line(cluster_.name(*leader) + " leads");
  }

  void status() {
    const auto view = look_at_cluster(cluster_.admin());
    if (view) print_status(*view);
  }

  DemoCluster& cluster_;
  std::unique_ptr<DemoLoad> load_ = {};
  std::uint64_t told_ = 0;
  std::optional<std::size_t> paused_ = {};
};

}  // namespace

Exit run_demo_keys(DemoCluster& cluster) { return Keys{cluster}.run(); }

}  // namespace proa::cli
