# Libraries for hook_test.cpp: one that is whole, and two that cannot be used.
set(hook_paths "")
foreach(kind whole half unresolved)
  add_library(relay_hook_${kind} MODULE ${CMAKE_CURRENT_LIST_DIR}/${kind}.cpp)
  target_link_libraries(relay_hook_${kind} PRIVATE relay_flags)
  add_dependencies(relay_unit_io relay_hook_${kind})
  string(TOUPPER ${kind} upper)
  list(APPEND hook_paths RELAY_HOOK_${upper}="$<TARGET_FILE:relay_hook_${kind}>")
endforeach()
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/../hook_test.cpp forward/hook_test.cpp
                            PROPERTIES COMPILE_DEFINITIONS "${hook_paths}")
