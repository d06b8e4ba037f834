#pragma once

#include "options.hpp"

namespace relay::bench {

// Each does one kind of work, tells what it measured in one line of JSON and returns the exit code.
int stream_work(options& given);             ///< bulk, up, down or both
int exchange_work(options& given);           ///< requests and responses on lasting connections
int connect_work(options& given);            ///< connect, one exchange, close
int paced_work(options& given);              ///< senders with a rate; how late are their chunks
int idle_work(options& given);               ///< connections that stay and do nothing
int verify_work(options& given);             ///< byte by byte, both ways, and a half-close
int datagram_work(options& given);           ///< one way, with or without GSO
int datagram_exchange_work(options& given);  ///< requests and responses in flows
int datagram_idle_work(options& given);      ///< flows that stay
int start_work(options& given);              ///< runs a command and waits for its first echo
int delay_work(options& given);              ///< a long path between two networks

}  // namespace relay::bench
