#include "big_endian.hpp"

#include <relay/wire/resume.hpp>

#include <algorithm>
#include <cstring>

namespace relay::wire {
namespace {

constexpr std::string_view magic = "relay-rs";
constexpr std::size_t greeting_bytes = 8 + 1 + 1 + 8 + 16;
constexpr std::size_t hello_bytes = 8 + 1 + 1 + 16 + 8 + 4 + 16 + 32;
constexpr std::size_t accept_bytes = 1 + 8 + 4 + 32;
// Bits of the byte of flags.
constexpr std::byte has_proof{1};
constexpr std::byte first{2};

/// Writes a frame from its front to its end.
class writer {
 public:
  writer(resume_type type, std::size_t length, std::uint64_t number)
      : made_(resume_header_bytes + length), at_(made_.data() + resume_header_bytes) {
    const auto head = write_resume_header(
        {static_cast<std::uint8_t>(type), static_cast<std::uint32_t>(length), number});
    std::ranges::copy(head, made_.begin());
  }
  writer& number(std::uint64_t value, std::size_t bytes) {
    put_number(at_, value, bytes);
    at_ += bytes;
    return *this;
  }
  writer& flags(std::byte value) {
    *at_++ = value;
    return *this;
  }
  writer& bytes(std::span<const std::byte> what) {
    std::memcpy(at_, what.data(), what.size());
    at_ += what.size();
    return *this;
  }
  writer& preamble() {
    bytes(std::as_bytes(std::span(magic)));
    return number(resume_version, 1);
  }
  std::vector<std::byte> done() { return std::move(made_); }

 private:
  std::vector<std::byte> made_;
  std::byte* at_;
};

class reader {
 public:
  explicit reader(std::span<const std::byte> payload) : at_(payload.data()) {}
  std::uint64_t number(std::size_t bytes) {
    at_ += bytes;
    return get_number(at_ - bytes, bytes);
  }
  std::byte flags() { return *at_++; }
  template <std::size_t size>
  void bytes(std::array<std::byte, size>& into) {
    std::memcpy(into.data(), at_, size);
    at_ += size;
  }
  bool preamble() {
    const bool is_ours = std::memcmp(at_, magic.data(), magic.size()) == 0;
    at_ += magic.size();
    return number(1) == resume_version && is_ours;
  }
  std::optional<resume_proof> proof(std::byte flags) {
    resume_proof read{};
    bytes(read);
    if ((flags & has_proof) == std::byte{}) return std::nullopt;
    return read;
  }

 private:
  const std::byte* at_;
};

std::byte flag_if(bool is_set, std::byte flag) { return is_set ? flag : std::byte{}; }

}  // namespace

resume_header read_resume_header(std::span<const std::byte, resume_header_bytes> bytes) noexcept {
  const auto* const at = bytes.data();
  return {static_cast<std::uint8_t>(at[0]), static_cast<std::uint32_t>(get_number(at + 1, 3)),
          get_number(at + 4, 8)};
}

std::array<std::byte, resume_header_bytes> write_resume_header(const resume_header& of) noexcept {
  std::array<std::byte, resume_header_bytes> made{};
  made[0] = static_cast<std::byte>(of.type);
  put_number(made.data() + 1, of.length, 3);
  put_number(made.data() + 4, of.number, 8);
  return made;
}

bool is_violation(const resume_header& of) noexcept {
  if (of.length > longest_resume_payload) return true;
  switch (static_cast<resume_type>(of.type)) {
    case resume_type::data:
      return of.length == 0 || of.number == 0;
    case resume_type::end:
      return of.length != 0 || of.number == 0;
    case resume_type::ack:
    case resume_type::fin:
    case resume_type::reset:
    case resume_type::ping:
    case resume_type::pong:
      return of.length != 0;
    default:
      return false;
  }
}

std::string_view to_string(resume_refusal why) noexcept {
  switch (why) {
    case resume_refusal::gone:
      return "the server does not know this session any more, as after a restart";
    case resume_refusal::finished:
      return "the session has ended";
    case resume_refusal::broken:
      return "the session was broken off";
    case resume_refusal::wrong_secret:
      return "the server has another `secret`";
    case resume_refusal::wants_secret:
      return "the server wants a `secret`";
    case resume_refusal::full:
      return "the server has no room for another session";
    case resume_refusal::version:
      return "the server speaks another version of the protocol";
  }
  return "the server gave no reason that is known here";
}

std::vector<std::byte> write_resume(const resume_greeting& of) {
  writer made(resume_type::greeting, greeting_bytes, 0);
  made.preamble().flags(flag_if(of.wants_proof, has_proof));
  return made.number(of.generation, 8).bytes(of.nonce).done();
}

std::vector<std::byte> write_resume(const resume_hello& of) {
  writer made(resume_type::hello, hello_bytes, of.received);
  made.preamble().flags(flag_if(of.proof.has_value(), has_proof) | flag_if(of.is_first, first));
  made.bytes(of.id).number(of.generation, 8).number(of.buffer, 4).bytes(of.nonce);
  return made.bytes(of.proof.value_or(resume_proof{})).done();
}

std::vector<std::byte> write_resume(const resume_accept& of) {
  writer made(resume_type::accept, accept_bytes, of.received);
  made.flags(flag_if(of.proof.has_value(), has_proof)).number(of.generation, 8);
  return made.number(of.buffer, 4).bytes(of.proof.value_or(resume_proof{})).done();
}

std::vector<std::byte> write_resume(resume_refusal why) {
  return writer(resume_type::refuse, 1, 0).number(static_cast<std::uint8_t>(why), 1).done();
}

std::optional<resume_greeting> read_resume_greeting(std::span<const std::byte> payload) noexcept {
  if (payload.size() < greeting_bytes) return std::nullopt;
  reader from(payload);
  if (!from.preamble()) return std::nullopt;
  resume_greeting made;
  made.wants_proof = (from.flags() & has_proof) != std::byte{};
  made.generation = from.number(8);
  from.bytes(made.nonce);
  return made;
}

std::optional<resume_hello> read_resume_hello(std::uint64_t number,
                                              std::span<const std::byte> payload) noexcept {
  if (payload.size() < hello_bytes) return std::nullopt;
  reader from(payload);
  if (!from.preamble()) return std::nullopt;
  resume_hello made;
  const auto flags = from.flags();
  made.is_first = (flags & first) != std::byte{};
  made.received = number;
  from.bytes(made.id);
  made.generation = from.number(8);
  made.buffer = static_cast<std::uint32_t>(from.number(4));
  from.bytes(made.nonce);
  made.proof = from.proof(flags);
  return made;
}

std::optional<resume_accept> read_resume_accept(std::uint64_t number,
                                                std::span<const std::byte> payload) noexcept {
  if (payload.size() < accept_bytes) return std::nullopt;
  reader from(payload);
  resume_accept made;
  const auto flags = from.flags();
  made.received = number;
  made.generation = from.number(8);
  made.buffer = static_cast<std::uint32_t>(from.number(4));
  made.proof = from.proof(flags);
  return made;
}

std::optional<resume_refusal> read_resume_refusal(std::span<const std::byte> payload) noexcept {
  if (payload.empty()) return std::nullopt;
  return static_cast<resume_refusal>(payload[0]);
}

}  // namespace relay::wire
