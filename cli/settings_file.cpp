#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/settings.hpp"

namespace proa::cli {
namespace {

Failure invalid(std::string detail) {
  return fail(Error{
      .code = Errc::invalid_config, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

/// How many letters have to be changed, added or dropped.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t column = 0; column <= b.size(); ++column)
    row[column] = column;
  for (std::size_t line = 0; line < a.size(); ++line) {
    std::size_t diagonal = std::exchange(row[0], line + 1);
    for (std::size_t column = 0; column < b.size(); ++column) {
      const std::size_t changed = diagonal + (a[line] == b[column] ? 0 : 1);
      diagonal = row[column + 1];
      row[column + 1] = std::min({changed, row[column] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string_view nearest_key(std::string_view key) {
  return std::ranges::min_element(
             all_settings(), {},
             [key](const Setting& setting) { return distance(setting.key, key); })
      ->key;
}

/// As a flag would say it. Nothing: a table, a date, or a number with a fraction.
std::optional<std::string> text_of_value(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  const toml::array* const array = node.as_array();
  if (array == nullptr) return {};
  std::string joined;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return {};
    joined += (joined.empty() ? "" : ",") + *text;
  }
  return joined;
}

Result<Values> values_in(const toml::table& table, const std::string& path) {
  Values values;
  for (const auto& [key, node] : table) {
    const std::string name{key.str()};
    const std::string where = path + ":" + std::to_string(node.source().begin.line) + ": " + name;
    const bool known = std::ranges::any_of(
        all_settings(), [&](const Setting& setting) { return setting.key == name; });
    if (!known) {
      return invalid(where + " is no setting; did you mean " + std::string{nearest_key(name)} +
                     "?");
    }
    std::optional<std::string> text = text_of_value(node);
    if (!text) return invalid(where + " must be a text, a whole number, or a list of texts");
    values.emplace(name, std::move(*text));
  }
  return values;
}

}  // namespace

Result<Values> read_settings_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) {
    return fail(Error{.code = Errc::io_error,
                      .outcome = Outcome::not_executed,
                      .detail = "the settings file " + path + " cannot be read"});
  }
  std::stringstream text;
  text << file.rdbuf();
  try {
    return values_in(toml::parse(text.str(), path), path);
  } catch (const toml::parse_error& error) {
    return invalid(path + ":" + std::to_string(error.source().begin.line) + ": " +
                   std::string{error.description()});
  }
}

}  // namespace proa::cli
