#pragma once

#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

/// Certificates that tests make for themselves, so that no key is kept anywhere.
namespace relay::test {

enum class key_kind { p256, p384, rsa2048, rsa1024, ed25519 };

struct certificate {
  std::shared_ptr<x509_st> x509;
  std::shared_ptr<evp_pkey_st> key;

  std::string pem() const;
  std::string der() const;
  std::string key_pem() const;              ///< PKCS#8
  std::string key_der() const;              ///< PKCS#8
  std::string key_traditional_pem() const;  ///< PKCS#1 or SEC1
  std::string key_encrypted_pem() const;
};

struct subject {
  std::string name = "server.test";
  std::vector<std::string> alternatives{"DNS:server.test"};  ///< as in OpenSSL's configuration
  key_kind key = key_kind::p256;
  int valid_from_days = -1;
  int valid_to_days = 1;
  bool is_authority = false;
};

/// Signed by `by`; without, by itself.
certificate issue(const subject& whom, const certificate* by = nullptr);

/// An authority and the kinds of certificates that most tests want.
struct authority {
  certificate root = issue({"root.test", {}, key_kind::p256, -1, 1, true});
  certificate server() const { return issue({}, &root); }
};

/// A DER OCSP response ("try later", which needs no signature).
std::string ocsp_response();

}  // namespace relay::test
