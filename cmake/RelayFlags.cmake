# relay_flags: how every target of ours is compiled.
add_library(relay_flags INTERFACE)
target_compile_features(relay_flags INTERFACE cxx_std_20)
target_compile_options(relay_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
target_include_directories(relay_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(relay_flags INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
                                                 BOOST_ASIO_NO_DEPRECATED
                                                 # else memalign for every coroutine: 5 % of a
                                                 # WebSocket connection's instructions
                                                 BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC
                                                 BOOST_ASIO_DISABLE_BOOST_ALIGN
                                                 RELAY_VERSION="${PROJECT_VERSION}")
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(RELAY_WERROR)
  target_compile_options(relay_flags INTERFACE -Werror)
endif()
if(RELAY_SANITIZE)
  target_compile_options(relay_flags INTERFACE -fsanitize=${RELAY_SANITIZE}
                                               -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(relay_flags INTERFACE -fsanitize=${RELAY_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 calls through function pointers of Asio's separate compilation "wrong function type".
    target_compile_options(relay_flags INTERFACE -fno-sanitize=function)
  endif()
endif()
if(RELAY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "RELAY_FUZZ needs libFuzzer: configure with CMAKE_CXX_COMPILER=clang++")
  endif()
  target_compile_options(relay_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
include(RelayHardening)
relay_harden(relay_flags)
