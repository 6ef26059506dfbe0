# What every target of ours is compiled with. `proa_options` is linked privately by the functions of
# ProaLibrary.cmake, so nothing of this reaches a program that embeds the library.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(PROA_CCACHE ccache)
  if(PROA_CCACHE AND PROA_PRECOMPILE)
    # ccache takes a precompiled header only if it may trust it not to look at the time.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PROA_CCACHE})
  elseif(PROA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${PROA_CCACHE})
  endif()
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(proa_options INTERFACE)
target_compile_options(proa_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # False alarms of g++ 12: std::to_string, and with -O3 or sanitizers std::variant (the other
  # builds still look).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # With a precompiled header these see as little in `text + "..."` (the other builds still look).
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${PROA_PRECOMPILE}>>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>"
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-maybe-uninitialized>
  $<$<BOOL:${PROA_WERROR}>:-Werror>)
if(PROA_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(proa_options INTERFACE -Wno-maybe-uninitialized)
endif()

# A mutant changes inline functions too, so the switch must be the same in every file.
if(PROA_MUTANTS)
  add_compile_definitions(PROA_MUTANTS=1)
endif()

if(PROA_SANITIZE)
  add_compile_options(-fsanitize=${PROA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PROA_SANITIZE})
  # Asio has fences, which this sanitizer does not model; beside each there is a lock, which it does.
  if(PROA_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
endif()
