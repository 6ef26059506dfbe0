# Third-party libraries, by the target names that LINK takes. The comments name the targets.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(Boost 1.74 REQUIRED)                            # Boost::headers: Asio, Beast
find_package(boost_json ${Boost_VERSION} REQUIRED CONFIG)    # Boost::json
find_package(OpenSSL 3 REQUIRED)                             # OpenSSL::SSL
find_package(CLI11 REQUIRED)                                 # CLI11::CLI11
find_package(fmt REQUIRED)                                   # fmt::fmt
find_package(spdlog REQUIRED)                                # spdlog::spdlog
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)     # PkgConfig::isal
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)     # PkgConfig::zstd

# Only the program needs these; a build that lacks one still builds the library.
find_package(tomlplusplus QUIET)                             # tomlplusplus::tomlplusplus
find_package(prometheus-cpp QUIET)                           # prometheus-cpp::core

if(PROA_TESTS)
  find_package(GTest REQUIRED)                               # GTest::gtest_main, GTest::gmock
  find_package(rapidcheck REQUIRED)                          # rapidcheck, rapidcheck_gtest
  find_package(benchmark REQUIRED)                           # benchmark::benchmark
  pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)  # PkgConfig::hiredis
  include(GoogleTest)
endif()
