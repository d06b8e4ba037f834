#pragma once

namespace relay::transport {

/// Has OpenSSL take the buffers of its records from a small store of the thread that uses them.
/// It takes one for each record it reads or writes and gives it back behind it, so that an idle
/// session has none; the allocator makes such a large block from smaller ones each time (measured:
/// 5 % of the instructions of a 64-byte exchange). False: without effect, since OpenSSL had
/// allocated something before; that costs speed only. Thread-safe.
bool keep_record_buffers() noexcept;

/// While one lives, whatever OpenSSL gives back on this thread is wiped: reading a key leaves parts
/// of it in what was allocated for its text and for the formats between. Without effect where
/// `keep_record_buffers` is.
class wiping {
 public:
  wiping() noexcept;
  wiping(const wiping&) = delete;
  wiping& operator=(const wiping&) = delete;
  ~wiping();
};

}  // namespace relay::transport
