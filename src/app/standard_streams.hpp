#pragma once

namespace relay::app {

/// Opens the null device where descriptor 0, 1 or 2 is closed: the next one that is opened, a
/// listener or a connection, would get that number, and lines meant for a stream would go there.
/// Reading and writing go on to fail, as they do on a closed descriptor.
void fill_standard_streams();

}  // namespace relay::app
