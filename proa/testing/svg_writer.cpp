#include "proa/testing/svg_writer.hpp"

namespace proa::testing {
namespace {

std::string attribute(const char* name, int value) {
  return std::string(" ") + name + "=\"" + std::to_string(value) + "\"";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

}  // namespace

void SvgWriter::line(SvgPoint from, SvgPoint to, std::string_view style) {
  body_ += "<line" + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) +
           attribute("y2", to.y) + " " + std::string(style) + "/>\n";
}

void SvgWriter::circle(SvgPoint centre, int radius, std::string_view style) {
  body_ += "<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) +
           attribute("r", radius) + " " + std::string(style) + "/>\n";
}

void SvgWriter::rectangle(SvgPoint corner, SvgPoint size, std::string_view style) {
  body_ += "<rect" + attribute("x", corner.x) + attribute("y", corner.y) +
           attribute("width", size.x) + attribute("height", size.y) + " " + std::string(style) +
           "/>\n";
}

void SvgWriter::text(SvgPoint at, std::string_view words, std::string_view style) {
  body_ += "<text" + attribute("x", at.x) + attribute("y", at.y) + " " + std::string(style) + ">" +
           escaped(words) + "</text>\n";
}

std::string SvgWriter::finish(SvgPoint size, std::string_view head) const {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", size.x) +
         attribute("height", size.y) + ">\n" + std::string(head) + body_ + "</svg>\n";
}

}  // namespace proa::testing
