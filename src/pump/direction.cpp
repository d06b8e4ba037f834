#include <relay/pump/direction.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace relay::pump {
namespace {

using transport::io;

// From here on a splice is cheaper than a copy (measured; at 8 KiB they cost the same), and so many
// reads of it in a row are no accident.
constexpr std::size_t big_read = std::size_t{16} * 1024;
constexpr std::uint8_t big_reads_of_bulk = 2;
// A spliced read below this costs more than a copy; so many of them in a row end splicing.
constexpr std::size_t small_splice = 4096;
constexpr std::uint8_t small_splices_of_trickle = 4;
// A turn's spliced reads below this may be a message that somebody waits for, not a stream.
constexpr std::size_t least_stream = std::size_t{64} * 1024;
// A visit that reads so much may have filled the pipe, which counts pages: with small segments it
// holds a third of its size.
constexpr std::size_t full_visit = std::size_t{256} * 1024;
// More than any pipe holds: the pipe is the limit.
constexpr std::size_t splice_at_most = std::size_t{1} << 30;

void spend(std::size_t& budget, std::size_t bytes) { budget -= std::min(budget, bytes); }

}  // namespace

std::size_t direction::ends::allowed(std::size_t most) const {
  if (rate == nullptr) return most;
  // A turn is for who has something to move.
  return from.is_quiet() ? 0 : std::min(most, rate->allowance());
}

void direction::ends::count_read(std::size_t bytes) const {
  if (rate != nullptr) rate->spend(bytes);
}

progress direction::ends::blocked() const {
  if (rate != nullptr) rate->rest();
  return progress::blocked;
}

progress direction::ends::not_now() const {
  return rate->is_waiting() ? progress::throttled : blocked();
}

progress direction::run(transport::stream& from, transport::stream& to, workspace& shared,
                        std::size_t budget, error_code& why, throttle* rate) {
  spoken_ = false;
  if (done_) return progress::done;
  const auto before = moved_;
  const auto result = move({from, to, shared, why, rate}, budget);
  if (!queues_.is_counted()) return result;
  if (result == progress::done) {
    queues_.leave(shared);
  } else {
    queues_.ran({from, to, shared, moved_}, moved_ - before, pending() > 0);
  }
  return result;
}

progress direction::move(const ends& e, std::size_t budget) {
  if (pending_) {  // comes first, in either mode
    const auto rest = write(e, pending_->rest());
    if (rest != progress::more) return rest;
  }
  for (;;) {
    const auto result = bulk_ ? splice(e, budget) : copy(e, budget);
    if (result != progress::more || budget == 0) return result;
  }
}

std::size_t direction::next_read(const ends& e, std::size_t most) {
  if (!queues_.is_counted()) queues_.begin({e.from, e.to, e.shared, moved_});
  return e.allowed(most);
}

progress direction::copy(const ends& e, std::size_t& budget) {
  const auto buffer = e.shared.buffer();
  for (bool again = true; !ended_;) {
    if (!again) return e.blocked();
    if (budget == 0) return progress::more;
    const auto most = next_read(e, buffer.size());
    if (most == 0) return e.not_now();
    const auto in = e.from.read_some(buffer.first(most));
    if (in.what == io::blocked) return e.blocked();
    if (in.what == io::failed) {
      e.why = in.ec;
      return progress::read_failed;
    }
    if (in.what == io::end) {
      ended_ = true;
      cut_ = static_cast<bool>(in.ec);
      break;
    }
    again = in.again;
    e.count_read(in.bytes);
    spoken_ = spoken_ || in.bytes > 0;
    assert(in.bytes + in.overhead > 0 && "such reads would go on for ever");
    spend(budget, in.bytes + in.overhead);
    // Held back by a rate, a read that takes all it may is as good as a big one.
    const bool is_big = in.bytes >= big_read || (in.bytes == most && in.bytes >= small_splice);
    big_reads_ = is_big ? static_cast<std::uint8_t>(big_reads_ + 1) : 0;
    const auto out = write(e, buffer.first(in.bytes));
    if (out != progress::more) return out;
    if (big_reads_ >= big_reads_of_bulk && start_splicing(e)) return progress::more;
  }
  return finish(e);
}

// Returns `more` when all of it is written; the rest is kept otherwise. `data` is the shared buffer
// or the pending chunk itself.
progress direction::write(const ends& e, std::span<std::byte> data) {
  while (!data.empty()) {
    const auto out = e.to.write_some(data);
    if (out.what == io::failed) {
      e.why = out.ec;
      return progress::write_failed;
    }
    if (out.what == io::blocked) {
      // Reading stops until the sink has taken it: that is the back-pressure.
      if (!pending_) pending_ = e.shared.keep(data);
      return e.blocked();
    }
    data = data.subspan(out.bytes);
    moved_ += out.bytes;
    if (pending_) pending_->at += static_cast<std::uint32_t>(out.bytes);
  }
  if (pending_) e.shared.give_back(std::move(pending_));
  return progress::more;
}

progress direction::splice(const ends& e, std::size_t& budget) {
  if (!bulk_->pipe && !(bulk_->pipe = e.shared.pipes().lease())) {
    stop_splicing(e.shared);
    return progress::more;
  }
  bulk_->source.begin_run();
  std::size_t taken = 0;
  const auto result = splice(e, budget, taken);
  spoken_ = spoken_ || (taken > 0 && taken < least_stream);
  if (!bulk_) return result;
  if (bulk_->in_pipe > 0) {
    bulk_->source.sink_is_full(taken);
    return result;
  }
  // Whoever comes next has it, so that all who take turns splice with few pipes.
  e.shared.pipes().give_back(std::move(bulk_->pipe));
  if (result == progress::more) {
    bulk_->source.has_more(taken);
  } else if (result == progress::blocked || result == progress::throttled) {
    bulk_->source.ran_dry(taken);
  }
  return result;
}

// Invariant: the pipe is empty whenever we read into it, so "blocked" means "no data", never "pipe
// full".
progress direction::splice(const ends& e, std::size_t& budget, std::size_t& taken) {
  for (std::size_t last = 0;;) {
    const auto emptied = drain_pipe(e);
    if (emptied != progress::more) return emptied;
    if (bulk_->small_reads >= small_splices_of_trickle) {
      stop_splicing(e.shared);
      return progress::more;
    }
    if (budget == 0) return progress::more;
    if (is_armed() && taken > 0 && last < full_visit) return progress::blocked;
    const auto most = next_read(e, splice_at_most);
    if (most == 0) return e.not_now();
    const auto in = e.from.splice_to_pipe(bulk_->pipe->write_end(), most);
    switch (in.what) {
      case io::moved:
        e.count_read(in.bytes);
        bulk_->in_pipe = static_cast<std::uint32_t>(in.bytes);
        spend(budget, in.bytes + in.overhead);
        last = in.bytes;
        taken += in.bytes;
        bulk_->small_reads = in.bytes < small_splice
                                 ? static_cast<std::uint8_t>(bulk_->small_reads + 1)
                                 : std::uint8_t{0};
        break;
      case io::blocked:
        return e.blocked();
      case io::unsuited:
        stop_splicing(e.shared);
        return progress::more;
      case io::unsupported:
        never_splice_ = true;
        stop_splicing(e.shared);
        return progress::more;
      case io::failed:
        e.why = in.ec;
        return progress::read_failed;
      case io::end:
        ended_ = true;
        cut_ = static_cast<bool>(in.ec);
        stop_splicing(e.shared);
        return finish(e);
    }
  }
}

progress direction::drain_pipe(const ends& e) {
  while (bulk_->in_pipe > 0) {
    const auto out = e.to.splice_from_pipe(bulk_->pipe->read_end(), bulk_->in_pipe);
    if (out.what == io::blocked) return e.blocked();
    if (out.what != io::moved) {
      e.why = out.what == io::failed
                  ? out.ec
                  : error_code(EINVAL, boost::system::system_category());  // promised, not kept
      return progress::write_failed;
    }
    bulk_->in_pipe -= static_cast<std::uint32_t>(out.bytes);
    moved_ += out.bytes;
  }
  return progress::more;
}

progress direction::finish(const ends& e) {
  if (e.rate != nullptr) e.rate->rest();
  const auto out = e.to.shutdown_write();
  if (out.what == io::blocked) return progress::blocked;
  if (out.what == io::failed) {
    e.why = out.ec;
    return progress::write_failed;
  }
  done_ = true;
  return progress::done;
}

bool direction::start_splicing(const ends& e) {
  big_reads_ = 0;
  if (never_splice_ || !e.from.can_splice() || !e.to.can_splice()) return false;
  auto pipe = e.shared.pipes().lease();
  if (!pipe) return false;
  // A rate is a clock of its own: what waits for its turn would be reported at each visit.
  const bool moderated = moderated_ && e.rate == nullptr;
  bulk_ = std::make_unique<bulk>(moderated ? e.from.spliced_socket() : nullptr);
  bulk_->pipe = std::move(pipe);
  return true;
}

void direction::stop_splicing(workspace& shared) {
  big_reads_ = 0;
  if (bulk_->pipe) shared.pipes().give_back(std::move(bulk_->pipe));
  bulk_.reset();
}

std::size_t direction::pending() const noexcept {
  return (bulk_ ? bulk_->in_pipe : 0) + (pending_ ? pending_->size() : 0);
}

void direction::release(workspace& shared) {
  queues_.leave(shared);
  if (pending_) shared.give_back(std::move(pending_));
  if (!bulk_) return;
  // With bytes in it a pipe is of no use to anybody.
  if (bulk_->pipe && bulk_->in_pipe == 0) shared.pipes().give_back(std::move(bulk_->pipe));
  bulk_.reset();
}

}  // namespace relay::pump
