#include "proa/testing/picture.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "proa/testing/svg_writer.hpp"

namespace proa::testing {
namespace {

constexpr int kRow = 18;
constexpr int kTop = 64;
constexpr int kLeft = 150;  ///< of the first lane; the time stands before it
constexpr int kLane = 330;
constexpr int kLaneWidth = 6;
constexpr int kStub = 26;
constexpr int kMargin = 40;
constexpr std::size_t kTextMax = 62;

constexpr const char* kHead =
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
    "markerHeight=\"7\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker>"
    "</defs>\n<style>text{font:11px monospace;fill:#333;paint-order:stroke;"
    "stroke:#fff;stroke-width:3px}.time{fill:#888}.name{font-size:15px;"
    "font-weight:bold}.down{stroke:#ccc;stroke-dasharray:2 4}.follower{stroke:#8da9c4}"
    ".candidate{stroke:#e9b44c}.leader{stroke:#3a7d44}.request{stroke:#555;marker-end:url(#tip)}"
    ".reply{stroke:#999;stroke-dasharray:5 3;marker-end:url(#tip)}.lost{stroke:#c33}"
    ".sync{fill:#333}.commit{fill:#3a7d44}.apply{fill:#fff;stroke:#3a7d44}.crash{stroke:#c00;"
    "stroke-width:3}.begin{fill:#8da9c4}.fault{fill:#b35900;font-weight:bold}.faultline{stroke:"
    "#f0c896}.broken{fill:#c00;font-weight:bold}.brokenline{stroke:#c00;stroke-width:2}"
    ".says{fill:#777}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";

const char* class_of(ServerState state) {
  static constexpr std::array<const char*, 4> kClasses = {"down", "follower", "candidate",
                                                          "leader"};
  return kClasses[static_cast<std::size_t>(state)];
}

std::string time_text(Instant at) {
  constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
  constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
  const std::int64_t us = at.since_start.count() / kNanosecondsPerMicrosecond;
  std::array<char, 40> text = {};
  std::snprintf(text.data(), text.size(), "%lld.%06lld",
                static_cast<long long>(us / kMicrosecondsPerSecond),
                static_cast<long long>(us % kMicrosecondsPerSecond));
  return text.data();
}

std::string shortened(const std::string& text) {
  return text.size() <= kTextMax ? text : text.substr(0, kTextMax) + "...";
}

class Picture {
 public:
  explicit Picture(const Journal& journal)
      : events_(journal.newest().begin(), journal.newest().end()),
        states_(journal.states_before()) {
    for (const JournalEvent& event : events_) {
      if (event.server != kNobody) states_.resize(std::max(states_.size(), event.server + 1));
    }
    since_.resize(states_.size(), kTop - kRow);
  }

  std::string draw() {
    draw_lanes();
    for (std::size_t row = 0; row < events_.size(); ++row)
      draw_arrow(row);
    for (std::size_t row = 0; row < events_.size(); ++row)
      draw_event(row);
    const int width = kLeft + static_cast<int>(since_.size()) * kLane + kMargin;
    return svg_.finish({width, y_of(events_.size()) + kMargin}, kHead);
  }

 private:
  static int x_of(std::size_t server) { return kLeft + static_cast<int>(server) * kLane; }
  static int y_of(std::size_t row) { return kTop + static_cast<int>(row) * kRow; }
  bool has_lane(std::size_t server) const { return server < since_.size(); }

  void draw_lanes() {
    for (std::size_t server = 0; server < since_.size(); ++server)
      svg_.text({x_of(server) - 8, kTop - kRow - 14}, "s" + std::to_string(server + 1),
                "class=\"name\"");
    for (std::size_t row = 0; row < events_.size(); ++row) {
      const JournalEvent& event = events_[row];
      const auto now = state_after(event);
      if (now && has_lane(event.server)) end_stretch(event.server, row, *now);
    }
    for (std::size_t server = 0; server < since_.size(); ++server)
      end_stretch(server, events_.size(), states_[server]);
  }

  void end_stretch(std::size_t server, std::size_t row, ServerState next) {
    svg_.line({x_of(server), since_[server]}, {x_of(server), y_of(row)},
              "stroke-width=\"" + std::to_string(kLaneWidth) + "\" class=\"" +
                  class_of(states_[server]) + "\"");
    states_[server] = next;
    since_[server] = y_of(row);
  }

  /// The row in which a message arrives; each arrival ends one arrow.
  std::optional<std::size_t> arrival_of(std::size_t sent, Happening arrival) {
    const JournalEvent& from = events_[sent];
    if (arrived_.size() < events_.size()) arrived_.resize(events_.size(), false);
    for (std::size_t row = sent + 1; row < events_.size(); ++row) {
      const JournalEvent& event = events_[row];
      if (arrived_[row] || event.what != arrival || event.server != from.peer) continue;
      if (event.peer != from.server || event.text != from.text) continue;
      arrived_[row] = true;
      return row;
    }
    return std::nullopt;
  }

  void draw_arrow(std::size_t row) {
    const JournalEvent& event = events_[row];
    const bool is_request = event.what == Happening::sends;
    if (!is_request && event.what != Happening::answers) return;
    if (!has_lane(event.server) || !has_lane(event.peer)) return;
    const SvgPoint from{x_of(event.server), y_of(row)};
    const auto arrival = arrival_of(row, is_request ? Happening::hears : Happening::is_told);
    if (arrival) {
      const SvgPoint to{x_of(event.peer), y_of(*arrival)};
      return svg_.line(from, to, is_request ? "class=\"request\"" : "class=\"reply\"");
    }
    const int way = event.peer < event.server ? -kStub : kStub;
    svg_.line(from, {from.x + way, from.y + kRow / 2}, "class=\"lost\"");
  }

  void draw_event(std::size_t row) {
    const JournalEvent& event = events_[row];
    const int y = y_of(row);
    svg_.text({8, y + 4}, time_text(event.at), "class=\"time\"");
    if (event.what == Happening::violation) return draw_across(y, event.text, "broken");
    if (!has_lane(event.server)) return draw_across(y, shortened(event.text), "fault");
    const int x = x_of(event.server);
    draw_mark(event.what, {x, y});
    const bool arrives = event.what == Happening::hears;
    if (!arrives) svg_.text({x + 12, y + 4}, words_of(event), "class=\"says\"");
  }

  void draw_across(int y, const std::string& text, const std::string& name) {
    const int width = kLeft + static_cast<int>(since_.size()) * kLane;
    svg_.line({kLeft - 50, y}, {width, y}, "class=\"" + name + "line\"");
    svg_.text({kLeft - 40, y - 3}, text, "class=\"" + name + "\"");
  }

  static std::string words_of(const JournalEvent& event) {
    switch (event.what) {
      case Happening::follows:
        return "follows " + event.text;
      case Happening::campaigns:
        return "campaigns " + event.text;
      case Happening::leads:
        return "LEADS " + event.text;
      case Happening::crashes:
        return "crash: " + event.text;
      case Happening::commits:
        return "commits " + event.text;
      case Happening::applies:
        return "applies " + event.text;
      case Happening::is_told:
        return event.text.starts_with("no answer") ? shortened(event.text) : std::string();
      default:
        return shortened(event.text);
    }
  }

  void draw_mark(Happening what, SvgPoint at) {
    constexpr int kHalf = 5;
    switch (what) {
      case Happening::crashes:
        svg_.line({at.x - kHalf - 2, at.y - kHalf - 2}, {at.x + kHalf + 2, at.y + kHalf + 2},
                  "class=\"crash\"");
        return svg_.line({at.x - kHalf - 2, at.y + kHalf + 2}, {at.x + kHalf + 2, at.y - kHalf - 2},
                         "class=\"crash\"");
      case Happening::persists:
        return svg_.rectangle({at.x - kHalf, at.y - kHalf}, {2 * kHalf, 2 * kHalf},
                              "class=\"sync\"");
      case Happening::commits:
        return svg_.circle(at, kHalf + 1, "class=\"commit\"");
      case Happening::applies:
        return svg_.circle(at, kHalf, "class=\"apply\"");
      case Happening::starts:
        return svg_.circle(at, kHalf + 1, "class=\"begin\"");
      default:
        return;
    }
  }

  std::vector<JournalEvent> events_;
  std::vector<ServerState> states_;
  std::vector<int> since_;  ///< the height where the state of a lane began
  std::vector<bool> arrived_;
  SvgWriter svg_;
};

}  // namespace

std::string picture_of(const Journal& journal) { return Picture{journal}.draw(); }

}  // namespace proa::testing
