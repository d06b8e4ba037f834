#pragma once

namespace relay::transport {

/// Has OpenSSL take the buffers of its records from a small store of the thread that uses them.
/// It takes one for each record it reads or writes and gives it back behind it, so that an idle
/// session has none; the allocator makes such a large block from smaller ones each time (measured:
/// 5 % of the instructions of a 64-byte exchange). False: without effect, since OpenSSL had
/// allocated something before; that costs speed only. Thread-safe.
bool keep_record_buffers() noexcept;

}  // namespace relay::transport
