#include <relay/wire/resume.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace relay::wire {
namespace {

void append(std::vector<std::byte>& to, std::span<const std::byte> what) {
  to.insert(to.end(), what.begin(), what.end());
}

// `whose` keeps the two proofs apart, so that neither can be sent back for the other.
resume_proof prove(std::string_view secret, std::string_view whose, const resume_greeting& greeting,
                   resume_hello hello) {
  hello.proof.reset();
  std::vector<std::byte> said;
  append(said, std::as_bytes(std::span(whose)));
  append(said, write_resume(greeting));
  append(said, write_resume(hello));
  resume_proof made{};
  unsigned size = made.size();
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(said.data()), said.size(),
       reinterpret_cast<unsigned char*>(made.data()), &size);
  return made;
}

}  // namespace

resume_proof prove_client(std::string_view secret, const resume_greeting& greeting,
                          const resume_hello& hello) {
  return prove(secret, "relay resume, client", greeting, hello);
}

resume_proof prove_server(std::string_view secret, const resume_greeting& greeting,
                          const resume_hello& hello) {
  return prove(secret, "relay resume, server", greeting, hello);
}

bool is_same(const resume_proof& a, const resume_proof& b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace relay::wire
