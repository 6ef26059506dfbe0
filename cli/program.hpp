#pragma once

namespace proa::cli {

/// The program `proa`: reads its command line, runs that command, and returns what to exit with.
int run_program(int argc, char** argv);

}  // namespace proa::cli
