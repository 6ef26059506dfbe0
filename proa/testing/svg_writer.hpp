#pragma once

#include <string>
#include <string_view>

namespace proa::testing {

struct SvgPoint {
  int x = 0;
  int y = 0;
};

/// Builds a picture in SVG, in the order drawn: what comes later lies above. Lengths are pixels.
/// Threads: one.
class SvgWriter {
 public:
  void line(SvgPoint from, SvgPoint to, std::string_view style);
  void circle(SvgPoint centre, int radius, std::string_view style);
  void rectangle(SvgPoint corner, SvgPoint size, std::string_view style);
  /// `style` is a list of attributes, as in the others.
  void text(SvgPoint at, std::string_view words, std::string_view style);
  /// The whole file: `head` goes before what was drawn (definitions and styles).
  std::string finish(SvgPoint size, std::string_view head) const;

 private:
  std::string body_;
};

}  // namespace proa::testing
