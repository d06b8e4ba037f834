#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The frames of a session that survives the loss of what carries it, between two relays, over a
/// stream of bytes (docs/resume.md). A frame is a header of 12 bytes and its payload; integers are
/// big-endian. The server begins with a greeting, the client answers with a hello, the server with
/// an accept or a refusal; data may follow the hello at once. Bytes in, values out.
namespace relay::wire {

constexpr std::size_t resume_header_bytes = 12;
/// Of payload in one frame, whatever its type.
constexpr std::size_t longest_resume_payload = std::size_t{64} * 1024;
constexpr std::uint8_t resume_version = 1;

enum class resume_type : std::uint8_t {
  data = 1,   ///< number: its own, from 1
  ack = 2,    ///< number: everything up to this has been taken
  end = 3,    ///< the sender's data end here; numbered as data are
  fin = 4,    ///< the sender is done with the session
  reset = 5,  ///< the session is broken off
  ping = 6,   ///< number: any; comes back in a pong
  pong = 7,
  greeting = 16,
  hello = 17,
  accept = 18,
  refuse = 19,
};

struct resume_header {
  std::uint8_t type = 0;  ///< `resume_type`; a frame of another type is skipped
  std::uint32_t length = 0;
  std::uint64_t number = 0;

  bool is(resume_type what) const noexcept { return type == static_cast<std::uint8_t>(what); }
  friend bool operator==(const resume_header&, const resume_header&) = default;
};

resume_header read_resume_header(std::span<const std::byte, resume_header_bytes> bytes) noexcept;
std::array<std::byte, resume_header_bytes> write_resume_header(const resume_header& of) noexcept;
/// Whether no peer sends such a header: what follows cannot be taken apart.
bool is_violation(const resume_header& of) noexcept;
constexpr bool is_handshake(std::uint8_t type) noexcept { return type >= 16 && type <= 19; }

using resume_id = std::array<std::byte, 16>;
using resume_nonce = std::array<std::byte, 16>;
using resume_proof = std::array<std::byte, 32>;  ///< HMAC-SHA256

/// The server's first words.
struct resume_greeting {
  bool wants_proof = false;
  std::uint64_t generation = 0;  ///< of the server's process: one that was restarted has another
  resume_nonce nonce{};
  friend bool operator==(const resume_greeting&, const resume_greeting&) = default;
};

/// The client's.
struct resume_hello {
  resume_id id{};                ///< of the session
  bool is_first = false;         ///< no server has accepted this session yet
  std::uint64_t generation = 0;  ///< of the server that has; 0: of none
  std::uint64_t received = 0;    ///< the client has everything up to this
  std::uint32_t buffer = 0;      ///< bytes that it may have under way
  resume_nonce nonce{};
  std::optional<resume_proof> proof;
  friend bool operator==(const resume_hello&, const resume_hello&) = default;
};

struct resume_accept {
  std::uint64_t received = 0;
  std::uint32_t buffer = 0;
  std::uint64_t generation = 0;
  std::optional<resume_proof> proof;  ///< where the client has shown one
  friend bool operator==(const resume_accept&, const resume_accept&) = default;
};

/// Why a server does not accept a hello.
enum class resume_refusal : std::uint8_t {
  gone = 1,      ///< it does not know the session (any more), as after a restart
  finished = 2,  ///< the session has ended in order
  broken = 3,    ///< it was broken off
  wrong_secret = 4,
  wants_secret = 5,
  full = 6,  ///< it has no room for another session
  version = 7,
};
std::string_view to_string(resume_refusal why) noexcept;

/// Whole frames, header included.
std::vector<std::byte> write_resume(const resume_greeting& of);
std::vector<std::byte> write_resume(const resume_hello& of);
std::vector<std::byte> write_resume(const resume_accept& of);
std::vector<std::byte> write_resume(resume_refusal why);
/// The payload of such a frame; nothing: no peer of this protocol and version wrote it.
std::optional<resume_greeting> read_resume_greeting(std::span<const std::byte> payload) noexcept;
std::optional<resume_hello> read_resume_hello(std::uint64_t number,
                                              std::span<const std::byte> payload) noexcept;
std::optional<resume_accept> read_resume_accept(std::uint64_t number,
                                                std::span<const std::byte> payload) noexcept;
std::optional<resume_refusal> read_resume_refusal(std::span<const std::byte> payload) noexcept;

/// What shows that the client knows the secret: it covers the greeting, with its nonce, and all of
/// the hello, with the id. So it is of no use on another connection, or for another session.
resume_proof prove_client(std::string_view secret, const resume_greeting& greeting,
                          const resume_hello& hello);
/// The same of the server, which covers the client's nonce.
resume_proof prove_server(std::string_view secret, const resume_greeting& greeting,
                          const resume_hello& hello);
/// Takes the same time wherever they differ.
bool is_same(const resume_proof& a, const resume_proof& b) noexcept;

}  // namespace relay::wire
