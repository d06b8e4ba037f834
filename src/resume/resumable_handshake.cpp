#include <relay/base/random.hpp>
#include <relay/resume/resumable_stream.hpp>

#include <utility>

// The handshake of the one who dials, which needs no coroutine: it happens where the stream reads.
namespace relay::resume {

using wire::resume_type;

void resumable_stream::attach_dialled(std::unique_ptr<carrier> by, const wire::resume_id& id) {
  dialling_ = std::make_unique<dialling>();
  dialling_->id = id;
  attach(std::move(by));
  // Without a secret there is nothing in the greeting that the hello has to wait for.
  if (terms_.secret.empty()) say_hello(nullptr);
  push();
}

void resumable_stream::say_hello(const wire::resume_greeting* greeting) {
  auto& hello = dialling_->hello;
  hello.id = dialling_->id;
  hello.is_first = is_first_;
  hello.generation = generation_;
  hello.received = machine_.tell_taken();
  hello.buffer = static_cast<std::uint32_t>(terms_.machine.window.bytes);
  if (const auto ec = fill_random(hello.nonce)) return lost(ec);
  if (greeting != nullptr && greeting->wants_proof && !terms_.secret.empty()) {
    hello.proof = wire::prove_client(terms_.secret, *greeting, hello);
  }
  dialling_->has_said = true;
  machine_.say(wire::write_resume(hello));
  if (is_first_) machine_.go_early();
}

bool resumable_stream::hear_handshake() {
  switch (static_cast<resume_type>(machine_.heard().type)) {
    case resume_type::greeting:
      return hear_greeting();
    case resume_type::accept:
      return hear_accept();
    case resume_type::refuse:
      return hear_refusal();
    default:
      return false;
  }
}

bool resumable_stream::hear_greeting() {
  const auto read = wire::read_resume_greeting(machine_.heard().payload);
  if (!dialling_ || !read) return false;
  dialling_->greeting = *read;
  if (generation_ != 0 && read->generation != generation_) {
    return refuse(to_string(wire::resume_refusal::gone));
  }
  if (read->wants_proof && terms_.secret.empty()) {
    return refuse(to_string(wire::resume_refusal::wants_secret));
  }
  // Somebody in between, or another server, would get what is meant for one that knows the secret.
  if (!read->wants_proof && !terms_.secret.empty() && !terms_.allows_no_secret) {
    return refuse("the server asks for no `secret`, and this end has one");
  }
  if (!dialling_->has_said) say_hello(&*read);
  push();
  return true;
}

bool resumable_stream::hear_accept() {
  const auto& heard = machine_.heard();
  const auto read = wire::read_resume_accept(heard.number, heard.payload);
  if (!dialling_ || !dialling_->has_said || !read) return false;
  if (dialling_->hello.proof) {
    const auto wanted = wire::prove_server(terms_.secret, dialling_->greeting, dialling_->hello);
    if (!read->proof || !wire::is_same(*read->proof, wanted)) {
      return refuse("the server does not know the `secret`");
    }
  }
  if (!machine_.open(read->received)) return false;
  generation_ = read->generation;
  peer_window_ = read->buffer;
  is_first_ = false;
  dialling_.reset();
  owner_.carrier_agreed();
  push();
  return true;
}

// A session that the server has ended in order is over; of one that it does not know more may have
// been lost than can be known here.
bool resumable_stream::hear_refusal() {
  const auto why = wire::read_resume_refusal(machine_.heard().payload);
  if (!why) return false;
  if (*why == wire::resume_refusal::finished) {
    machine_.forget();
    fail(errc::session_gone);
    return true;
  }
  return refuse(to_string(*why));
}

bool resumable_stream::refuse(std::string_view why) {
  const bool is_gone = why == to_string(wire::resume_refusal::gone) ||
                       why == to_string(wire::resume_refusal::broken);
  owner_.refused(why);
  fail(is_gone ? errc::session_gone : errc::handshake_refused);
  return true;
}

}  // namespace relay::resume
