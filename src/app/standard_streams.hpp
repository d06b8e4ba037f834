#pragma once

#include <string_view>

namespace relay::app {

/// Opens the null device where descriptor 0, 1 or 2 is closed: the next one that is opened, a
/// listener or a connection, would get that number, and lines meant for a stream would go there.
/// Reading and writing go on to fail, as they do on a closed descriptor.
void fill_standard_streams();

/// Writes a line to a descriptor that has room for it; else it is lost. Whoever reads there may
/// have stopped, and the process must not wait for that. A line of more than a page is cut.
void write_unless_full(int fd, std::string_view line) noexcept;

}  // namespace relay::app
