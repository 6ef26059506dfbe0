#include "cli/program.hpp"

int main(int argc, char** argv) { return proa::cli::run_program(argc, argv); }
