# The Debian package: `cpack -G DEB` in the build folder. `relay` alone would be too general a name
# among Debian's mail, DHCP and IRC relays; the program, its unit and its folder keep it.
set(CPACK_PACKAGE_NAME relay-proxy)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR relay)
set(CPACK_PACKAGE_CONTACT "relay maintainers <relay@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TCP relay that drops no connections")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Forwards TCP connections from listening addresses to remotes. Takes the flags\n\
and configuration files of realm. Half-closed connections stay open, resets\n\
stay resets, idle connections cost less than 400 bytes, and bulk data never\n\
enters user space.")

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/conffiles ${debian}/postinst ${debian}/postrm
                                       ${debian}/prerm)
# TLS remotes are verified against the system's authorities.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
# relay-proxy-dbgsym, a package beside the other, has the symbols.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)

# /etc is not below the prefix, so the package is put together under DESTDIR.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};relay;relay;/"
                                 "${CMAKE_BINARY_DIR};relay;unstripped;/"
                                 "${CMAKE_BINARY_DIR};relay;debian;/")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
                                                GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(only COMPONENT debian EXCLUDE_FROM_ALL)
set(docs /usr/share/doc/${CPACK_PACKAGE_NAME})
install(FILES examples/relay.service examples/relay.socket DESTINATION /usr/lib/systemd/system ${only})
install(FILES packaging/logrotate RENAME ${CPACK_PACKAGE_NAME} DESTINATION /etc/logrotate.d ${only})
install(FILES ${generated}/relay.zsh RENAME _relay DESTINATION /usr/share/zsh/vendor-completions
        ${only})
install(FILES ${debian}/relay.toml DESTINATION /etc/relay ${only})
install(FILES ${documents} DESTINATION ${docs} ${only})
install(FILES LICENSE RENAME copyright DESTINATION ${docs} ${only})
install(DIRECTORY examples DESTINATION ${docs} ${only})

include(CPack)
