#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <csignal>

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace proa::cli {

int run_program(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ,
              SIG_IGN);  // a limit on file sizes is an error of the write, like a full disk
  CLI::App app{"A replicated key-value store that speaks the Redis protocol."};
  app.name("proa");
  app.require_subcommand(1);
  Run run;
  add_demo(app, run);
  add_serve(app, run);
  add_status(app, run);
  add_member(app, run);
  add_leader(app, run);
  add_version(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    report(Exit::usage, error.what());
    hint("proa --help, or proa COMMAND --help");
    return static_cast<int>(Exit::usage);
  }
  return static_cast<int>(run());
}

}  // namespace proa::cli
