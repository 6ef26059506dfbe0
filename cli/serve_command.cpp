#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/serve.hpp"
#include "cli/settings.hpp"

namespace proa::cli {
namespace {

Values environment() {
  Values values;
  for (const Setting& setting : all_settings()) {
    if (const char* const value = std::getenv(environment_name_of(setting).c_str()))
      values.emplace(setting.key, value);
  }
  return values;
}

Exit serve_with(const Values& flags, const std::string& file) {
  Values in_file;
  if (!file.empty()) {
    auto read = read_settings_file(file);
    if (!read) return report(read.error());
    in_file = std::move(*read);
  }
  const auto settings = make_settings(flags, environment(), in_file);
  if (!settings) return report(settings.error());
  return serve(*settings);
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand("serve", "Run one server.");
  command->footer(
      "Each flag may also stand in the environment (--peer-listen: PROA_PEER_LISTEN) or "
      "in the file of\n--config (peer_listen = \"...\"); a flag wins over the "
      "environment, that over the file.");
  const auto flags = std::make_shared<Values>();
  const auto file = std::make_shared<std::string>();
  for (const Setting& setting : all_settings()) {
    auto* const option = command->add_option_function<std::string>(
        flag_of(setting),
        [flags, key = setting.key](const std::string& value) {
          flags->insert_or_assign(std::string{key}, value);
        },
        std::string{setting.summary});
    option->type_name(std::string{setting.value})->take_last();
    if (setting.summary.empty()) option->group("");
  }
  command->add_option("--config", *file, "settings in TOML's form")
      ->type_name("FILE")
      ->envname("PROA_CONFIG");
  command->callback([&run, flags, file] { run = [=] { return serve_with(*flags, *file); }; });
}

void add_version(CLI::App& app, Run& run) {
  app.add_subcommand("version", "Print the version.")->callback([&run] {
    run = [] {
      line(std::string{"proa "} + kVersion);
      return Exit::ok;
    };
  });
}

}  // namespace proa::cli
