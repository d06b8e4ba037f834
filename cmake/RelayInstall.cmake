# What `cmake --install` puts into place. Completions and man pages are made when it runs, from the
# binary and the documents: nothing of them is kept anywhere, so nothing can be out of date.
# Components: relay is for everybody, local for installations without a package, debian for the
# package alone, realm for the link of that name. The installed program is stripped; debug has its
# symbols where gdb looks for them, and unstripped is for tools that take them off themselves.
include(GNUInstallDirs)
find_program(RELAY_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(RELAY_PYTHON python3)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)

set(make_man ${PROJECT_SOURCE_DIR}/scripts/man)
add_custom_target(man COMMAND ${RELAY_PYTHON} -B ${make_man} -o ${generated} $<TARGET_FILE:relay> DEPENDS relay
                  VERBATIM COMMENT "Writing relay.1 and relay.toml.5")

foreach(component relay debug)
  install(CODE "
    file(MAKE_DIRECTORY \"${generated}\")
    foreach(made \"--only-keep-debug;$<TARGET_FILE:relay>;relay.debug\"
                 \"--strip-all;--add-gnu-debuglink=relay.debug;$<TARGET_FILE:relay>;relay\")
      execute_process(COMMAND \"${CMAKE_OBJCOPY}\" \${made} WORKING_DIRECTORY \"${generated}\"
                      COMMAND_ERROR_IS_FATAL ANY)
    endforeach()" COMPONENT ${component})
endforeach()
install(PROGRAMS ${generated}/relay DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT relay)
install(FILES ${generated}/relay.debug DESTINATION ${CMAKE_INSTALL_BINDIR}/.debug COMPONENT debug
        EXCLUDE_FROM_ALL)
install(TARGETS relay RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT unstripped
        EXCLUDE_FROM_ALL)

# Scripts that were made for realm call it by its name. That is also what Debian's realmd calls its
# program, so the link is set only on demand: `cmake --install BUILD --component realm`, or with
# everything else when RELAY_INSTALL_REALM_LINK is on.
option(RELAY_INSTALL_REALM_LINK "let `cmake --install` set the link `realm` as well" OFF)
set(on_demand EXCLUDE_FROM_ALL)
if(RELAY_INSTALL_REALM_LINK)
  set(on_demand "")
endif()
file(MAKE_DIRECTORY ${generated})
file(CREATE_LINK relay ${generated}/realm SYMBOLIC)
install(FILES ${generated}/realm DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT realm ${on_demand})

install(CODE "
  file(MAKE_DIRECTORY \"${generated}\")
  foreach(shell bash zsh fish)
    execute_process(COMMAND \"$<TARGET_FILE:relay>\" completion \${shell}
                    OUTPUT_FILE \"${generated}/relay.\${shell}\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  if(\"${RELAY_PYTHON}\" MATCHES NOTFOUND)
    message(WARNING \"no python3: the man pages are left out\")
  else()
    execute_process(COMMAND \"${RELAY_PYTHON}\" -B \"${make_man}\" --gzip -o \"${generated}\" \"$<TARGET_FILE:relay>\"
                    COMMAND_ERROR_IS_FATAL ANY)
  endif()" COMPONENT relay)
install(FILES ${generated}/relay.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT relay
        OPTIONAL)
install(FILES ${generated}/relay.toml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT relay
        OPTIONAL)

set(share ${CMAKE_INSTALL_DATAROOTDIR})
install(FILES ${generated}/relay.bash RENAME relay
        DESTINATION ${share}/bash-completion/completions COMPONENT relay)
install(FILES ${generated}/relay.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT relay)
install(FILES ${generated}/relay.zsh RENAME _relay
        DESTINATION ${share}/zsh/site-functions COMPONENT local)

# The unit names the binary where it is; its configuration is in /etc/relay wherever that may be.
install(CODE "
  file(READ \"${PROJECT_SOURCE_DIR}/examples/relay.service\" unit)
  string(REPLACE \"/usr/bin/relay\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/relay\"
         unit \"\${unit}\")
  file(WRITE \"${generated}/relay.service\" \"\${unit}\")" COMPONENT local)
install(FILES ${generated}/relay.service examples/relay.socket DESTINATION lib/systemd/system
        COMPONENT local)
install(FILES packaging/logrotate RENAME relay DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/logrotate.d
        COMPONENT local)

set(documents README.md docs/configuration.md docs/operations.md docs/realm.md
              docs/coming-from.md docs/control.md)
install(FILES ${documents} LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT local)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT local)
