# The three kinds of target there are. A folder has one CMakeLists.txt with one call of these for
# each of its targets; each names its layer (ARCHITECTURE.md), its dependencies and its files.

define_property(TARGET PROPERTY PROA_LAYER
                BRIEF_DOCS "Layer of ARCHITECTURE.md; a target depends on smaller layers only")

# Dependencies are names of our own targets without the prefix: `base`, not `proa_base`.
function(_proa_check_layer name layer)
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET proa_${dep})
      message(FATAL_ERROR "${name} (layer ${layer}) depends on '${dep}', which is no target of a "
                          "smaller layer. Check the name and the layer table of ARCHITECTURE.md.")
    endif()
    get_target_property(dep_layer proa_${dep} PROA_LAYER)
    if(NOT dep_layer LESS layer)
      message(FATAL_ERROR "${name} (layer ${layer}) must not depend on ${dep} (layer ${dep_layer}): "
                          "a folder depends on smaller layers only, never on an equal one.")
    endif()
  endforeach()
endfunction()

# Sets `_proa_targets`, the names as target_link_libraries takes them.
macro(_proa_targets_of)
  set(_proa_targets "")
  foreach(_proa_dep ${ARGN})
    list(APPEND _proa_targets proa::${_proa_dep})
  endforeach()
endmacro()

macro(_proa_parse)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LAYER"
                        "DEPS;HEADERS;SOURCES;TESTS;TEST_DEPS;TEST_LINK;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${name}: unknown words '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_LAYER MATCHES "^[0-9]$")
    message(FATAL_ERROR "${name}: LAYER must be a number of ARCHITECTURE.md, it is '${arg_LAYER}'")
  endif()
  _proa_check_layer(${name} ${arg_LAYER} ${arg_DEPS})
endmacro()

# One test program from TESTS; each of its tests is a test of CTest, named <name>.<Suite>.<Test>.
# TEST_DEPS may name targets of any layer, also of folders that are read later (proa/testing).
function(_proa_add_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS;SOURCES;LINK")
  _proa_targets_of(${arg_DEPS})
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE
    ${_proa_targets} ${arg_LINK} proa_options GTest::gtest_main GTest::gmock)
  proa_precompile(${name}_test precompiled_tests)
  target_compile_definitions(${name}_test PRIVATE
    PROA_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PROA_BUILD_DIR="${PROJECT_BINARY_DIR}")
  gtest_discover_tests(${name}_test
    DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES TEST_PREFIX "${name}." PROPERTIES TIMEOUT 300)
endfunction()

# proa_library(<name> LAYER n [DEPS ...] [HEADERS ...] [SOURCES ...] [LINK ...]
#              [TESTS ...] [TEST_DEPS ...] [TEST_LINK ...])
#
# The target proa_<name>, also called proa::<name>: static, or without SOURCES an interface. LINK
# takes third-party targets.
function(proa_library name)
  _proa_parse(${ARGV})
  _proa_targets_of(${arg_DEPS})
  if(arg_SOURCES)
    add_library(proa_${name} STATIC ${arg_SOURCES} ${arg_HEADERS})
    target_include_directories(proa_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
    target_link_libraries(proa_${name} PUBLIC ${_proa_targets} ${arg_LINK})
    target_link_libraries(proa_${name} PRIVATE $<BUILD_INTERFACE:proa_options>)
    target_compile_features(proa_${name} PUBLIC cxx_std_20)
    proa_precompile(proa_${name} precompiled)
  else()
    add_library(proa_${name} INTERFACE)
    target_include_directories(proa_${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
    target_link_libraries(proa_${name} INTERFACE ${_proa_targets} ${arg_LINK})
    target_compile_features(proa_${name} INTERFACE cxx_std_20)
  endif()
  add_library(proa::${name} ALIAS proa_${name})
  set_target_properties(proa_${name} PROPERTIES PROA_LAYER ${arg_LAYER})
  if(arg_TESTS AND PROA_TESTS)
    _proa_add_tests(${name} SOURCES ${arg_TESTS} DEPS ${name} ${arg_TEST_DEPS} LINK ${arg_TEST_LINK})
  endif()
endfunction()

# proa_executable(<name> LAYER n [DEPS ...] [SOURCES ...] [LINK ...]): the program <name>, in
# <build>/bin.
function(proa_executable name)
  _proa_parse(${ARGV})
  _proa_targets_of(${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${_proa_targets} ${arg_LINK} proa_options)
  proa_precompile(${name} precompiled)
  set_target_properties(${name} PROPERTIES
    PROA_LAYER ${arg_LAYER} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# proa_test(<name> LAYER n [DEPS ...] [SOURCES ...] [LINK ...]): the test program <name>_test of a
# folder that holds nothing but tests.
function(proa_test name)
  _proa_parse(${ARGV})
  _proa_add_tests(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINK ${arg_LINK})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()
