# What makes a memory error harder to use, in optimised builds: the flags that Debian's
# `dpkg-buildflags` gives with hardening=+all, and those of gcc's that cost nothing measurable. They
# are here and not in the packager's environment, so that every release build has them and a test
# (tests/e2e/hardening_test.py) can hold them. Sanitizers and the fuzzer want the plain compiler.
function(relay_harden target)
  if(RELAY_SANITIZE OR RELAY_FUZZ)
    return()
  endif()
  include(CheckCXXCompilerFlag)
  set(optimised "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")
  # Position independent, as an executable: -fPIC would let no call within the program be inlined.
  set(of_program "$<NOT:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>>")
  set(is_program "$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>")
  target_compile_options(${target} INTERFACE
    $<$<AND:${optimised},${of_program}>:-fPIE>
    "$<${optimised}:-fstack-protector-strong;-Wformat;-Werror=format-security>"
    # Level 3 knows the sizes of what was allocated as well. Some compilers define a level of their
    # own, and the packager's environment may.
    "$<${optimised}:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
  # Guard pages cannot be jumped over; branch targets and return addresses are checked where the
  # processor can. Not every compiler and machine has them.
  foreach(flag -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "RELAY_HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      target_compile_options(${target} INTERFACE $<${optimised}:${flag}>)
    endif()
  endforeach()
  # All symbols are bound at the start, and the table of their addresses is read-only from then on.
  target_link_options(${target} INTERFACE
    $<$<AND:${optimised},${is_program}>:-pie>
    "$<${optimised}:LINKER:-z,relro;LINKER:-z,now;LINKER:-z,noexecstack>")
endfunction()
