#include <relay/transport/websocket_stream.hpp>

#include <algorithm>
#include <array>

/// The zero-copy half of websocket_stream. Frames whose key is zero or absent hold their payload as
/// it is; only headers are read and written by us. It pays from about 8 KiB a frame on.
namespace relay::transport {
namespace {

using wire::ws_header;
using wire::ws_header_bytes;
using wire::ws_opcode;

// Frames of this size begin splicing.
constexpr std::size_t big_frame = std::size_t{16} * 1024;
// While frames are spliced smaller ones are too, but not below this, and only so many in a row.
constexpr std::size_t least_frame = 2048;
constexpr std::uint8_t most_small_frames = 4;
// What real peers take.
constexpr std::size_t longest_frame = std::size_t{1} << 20;

constexpr io_result unsuited{io::unsuited, false, 0, 0, {}};
constexpr io_result done{io::moved, false, 0, 0, {}};

bool is_payload(ws_opcode opcode) { return opcode < ws_opcode::close; }

}  // namespace

io_result websocket_stream::splice_to_pipe(int pipe, std::size_t limit) {
  if (decoder_.frame_length() >= big_frame) small_frames_ = 0;
  for (;;) {
    if (why_ || ended_) return over();
    if (come_ || small_frames_ >= most_small_frames) return unsuited;
    if (const auto bare = decoder_.bare(); bare > 0) {
      if (decoder_.frame_length() < least_frame) return unsuited;
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(bare, limit));
      const auto in = below_.splice_to_pipe(pipe, most);
      if (in.what == io::end) return ended(in.ec);
      if (in.what == io::moved) {
        decoder_.skip(in.bytes);
        heard();
      }
      return in;
    }
    if (const auto header = read_header(); header.what != io::moved) return header;
  }
}

/// Reads exactly as many bytes as the last header had: mostly the next one has as many. If it turns
/// out that they were not just a header of payload, they are kept for the copying half.
io_result websocket_stream::read_header() {
  auto wanted = decoder_.header_wanted();
  if (wanted == 0) return unsuited;  // masked, or a ping
  const bool is_cut = !decoder_.is_between_frames();
  if (!is_cut) wanted = std::max(wanted, decoder_.header_length());
  std::array<std::byte, wire::longest_ws_header> bytes{};
  const auto in = below_.read_some(std::span(bytes).first(wanted));
  if (in.what == io::end) return ended(in.ec);
  if (in.what != io::moved) return in;
  const auto read = std::span(bytes).first(in.bytes);
  if (!is_cut) {
    const auto answer = wire::read_ws_header(read);
    const auto* header = std::get_if<ws_header>(&answer);
    const bool fits =
        header != nullptr && header->size == read.size() && is_payload(header->opcode);
    if (!fits && !std::holds_alternative<wire::ws_needs>(answer)) {
      keep_first(read);
      return unsuited;
    }
  }
  (void)price_of(digest(read));  // at most four small frames in a row come to pass here
  const bool has_begun = decoder_.is_between_frames() || decoder_.header_wanted() == 0;
  if (has_begun && decoder_.frame_length() < big_frame) ++small_frames_;
  return done;
}

// The bytes are in the pipe already, so a header never promises what may not come.
io_result websocket_stream::splice_from_pipe(int pipe, std::size_t bytes) {
  if (const auto begun = begin_frame(std::min(bytes, longest_frame)); begun.what != io::moved) {
    return begun;
  }
  while (header_left_ > 0) {
    ws_header_bytes header(ws_opcode::binary, promised_, role_);
    const auto out = below_.write_more(header.writable().last(header_left_));
    if (out.what != io::moved) return out;
    sent();
    header_left_ = static_cast<std::uint8_t>(header_left_ - out.bytes);
  }
  const auto out = below_.splice_from_pipe(pipe, std::min(bytes, promised_));
  if (out.what == io::moved) promised_ -= out.bytes;
  return out;
}

}  // namespace relay::transport
