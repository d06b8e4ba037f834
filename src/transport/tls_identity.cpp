#include "tls_identity.hpp"

#include "tls_files.hpp"
#include "tls_memory.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <iterator>
#include <string_view>
#include <utility>

namespace relay::transport {
namespace {

using certificates = std::vector<x509_ptr>;
using identity = std::shared_ptr<const tls_identity>;

bool is_pem(std::string_view text) { return text.find("-----BEGIN ") != std::string_view::npos; }

bio_ptr over(const file_text& text) {
  const auto bytes = text.view();
  return bio_ptr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Reading PEM to its end leaves "no start line" behind, which is how the end looks.
bool stopped_at_the_end() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// Nobody is there to be asked for one.
int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

template <class T>
parsed<T> not_a(const char* thing, const std::string& path, const char* right) {
  return parsed<T>::bad("`" + path + "` holds no " + thing + "; " + right);
}

parsed<std::shared_ptr<EVP_PKEY>> read_key(const std::string& path) {
  using answer = parsed<std::shared_ptr<EVP_PKEY>>;
  auto text = read_small_file(path, "the key");
  if (!text) return answer::bad(std::move(text.wrong));
  const wiping while_it_is_read;
  const auto from = over(*text);
  bool asked = false;
  key_ptr key(is_pem(text->view())
                  ? PEM_read_bio_PrivateKey(from.get(), nullptr, no_pass_phrase, &asked)
                  : d2i_PrivateKey_bio(from.get(), nullptr));
  ERR_clear_error();
  if (key) return answer::good(std::shared_ptr<EVP_PKEY>(key.release(), &EVP_PKEY_free));
  if (asked) {
    return answer::bad("the key `" + path +
                       "` is encrypted, and nobody can be asked for its pass phrase; "
                       "`openssl pkey -in FILE -out FILE` writes it without");
  }
  return not_a<std::shared_ptr<EVP_PKEY>>("key", path,
                                          "PEM (PKCS#8, PKCS#1, SEC1) or DER PKCS#8 is wanted");
}

}  // namespace

parsed<std::shared_ptr<certificates>> read_certificates(const std::string& path, const char* what) {
  using answer = parsed<std::shared_ptr<certificates>>;
  const auto text = read_small_file(path, what);
  if (!text) return answer::bad(text.wrong);
  const wiping while_it_is_read;  // a key may stand in the same file
  const auto from = over(*text);
  auto found = std::make_shared<certificates>();
  if (is_pem(text->view())) {
    while (auto* each = PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)) {
      found->emplace_back(each);
    }
    if (!stopped_at_the_end()) {
      return answer::bad("certificate " + std::to_string(found->size() + 1) + " of `" + path +
                         "` cannot be read: its PEM text is damaged");
    }
  } else if (auto* only = d2i_X509_bio(from.get(), nullptr)) {
    found->emplace_back(only);
  }
  ERR_clear_error();
  if (found->empty()) {
    return not_a<std::shared_ptr<certificates>>(
        "certificate", path, "a chain in PEM, or a single one in DER, is wanted");
  }
  return answer::good(std::move(found));
}

parsed<identity> load_identity(const std::string& cert, const std::string& key) {
  auto chain = read_certificates(cert, "the certificate");
  if (!chain) return parsed<identity>::bad(std::move(chain.wrong));
  auto secret = read_key(key);
  if (!secret) return parsed<identity>::bad(std::move(secret.wrong));
  auto& found = **chain;
  if (X509_check_private_key(found.front().get(), secret->get()) != 1) {
    ERR_clear_error();
    return parsed<identity>::bad(
        "the key `" + key + "` does not belong to the certificate `" + cert + "`" +
        (found.size() > 1 ? "; the server's own must be the first in it" : ""));
  }
  auto made = std::make_shared<tls_identity>();
  made->certificate = std::move(found.front());
  made->chain.assign(std::make_move_iterator(found.begin() + 1),
                     std::make_move_iterator(found.end()));
  EVP_PKEY_up_ref(secret->get());
  made->key.reset(secret->get());
  return parsed<identity>::good(std::move(made));
}

}  // namespace relay::transport
