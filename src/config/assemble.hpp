#pragma once

#include "fragment.hpp"

#include <relay/config/load.hpp>

namespace relay::config {

/// Merges texts, the first one that has a key wins, puts what the command line forces on top, and
/// validates the result.
settings assemble(std::vector<fragment> texts, const overrides& forced, findings& found);

/// What no single key can tell: checks between keys, and limits of the kernel. Values out of the
/// kernel's range are moved into it, with a warning.
void validate(settings& what, findings& found);

/// Endpoints of one name.
void check_names(const settings& what, findings& found);

/// Endpoints whose connections would come back to them for ever.
void check_loops(const settings& what, findings& found);

/// What nobody means: endpoints that serve nothing, datagrams that cross in clear beside a
/// transport, PROXY headers that strangers may send.
void check_exposure(const settings& what, findings& found);

/// The web server that an endpoint hands visitors over to; null: none.
const host_port* site_of(const endpoint& what);
/// Whether its clients have to speak TLS or WebSocket.
bool speaks_transport(const endpoint& what);

/// The strings with a grammar of their own (spec 7.1, 9.1).
void check_balance(const endpoint& what, findings& found);
void check_transports(const endpoint& what, findings& found);

}  // namespace relay::config
