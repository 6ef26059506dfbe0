# What nearly every file reads of the standard library, read once: a quarter of the time of a build.
# One for the sources, one with GoogleTest for the tests. The preset `clang` builds without it, so a
# file that forgets an include is found there. So do `release` and the sanitizers, which therefore keep
# the warnings that ProaCompiler.cmake switches off here.
if(PROA_PRECOMPILE)
  set(proa_std_headers
      <algorithm> <array> <atomic> <chrono> <cstdint> <cstdio> <cstring> <deque> <functional> <map>
      <memory> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
  add_library(proa_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(proa_precompiled PRIVATE proa_options)
  target_precompile_headers(proa_precompiled PRIVATE ${proa_std_headers})
endif()
if(PROA_PRECOMPILE AND PROA_TESTS)
  add_library(proa_precompiled_tests OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(proa_precompiled_tests PRIVATE proa_options GTest::gtest)
  target_precompile_headers(proa_precompiled_tests PRIVATE ${proa_std_headers} <gtest/gtest.h>)
endif()

# For `target`; `with`: precompiled or precompiled_tests.
function(proa_precompile target with)
  if(PROA_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM proa_${with})
  endif()
endfunction()
