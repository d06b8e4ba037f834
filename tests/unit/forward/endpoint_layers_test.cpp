// What the two transport texts of an endpoint stand for at run time (spec 9.1).
#include "support/certificates.hpp"
#include "support/scratch_directory.hpp"
#include "unit/config/loading.hpp"

#include <relay/forward/endpoint_layers.hpp>

#include <openssl/ssl.h>

namespace relay::forward {
namespace {

using config::test::brief;

struct made {
  std::vector<endpoint_layers> layers;
  std::vector<config::problem> problems;
};

made make(const config::settings& of) {
  made all;
  all.layers = make_layers(of, all.problems);
  // Certificates of tests hold for a day, and everybody may read their keys.
  std::erase_if(all.problems, [](const config::problem& each) {
    return each.severity == config::problem::level::warning;
  });
  return all;
}
made make(const std::string& text) { return make(config::test::load(text).value); }

/// An endpoint with a port of its own.
std::string endpoint(int port, const std::string& lines) {
  return "[[endpoints]]\nlisten = \"127.0.0.1:" + std::to_string(port) +
         "\"\nremote = \"127.0.0.1:9\"\n" + lines + "\n";
}
std::string listening(const std::string& text) { return "listen_transport = \"" + text + '"'; }
std::string dialling(const std::string& text) { return "remote_transport = \"" + text + '"'; }

/// The certificate that it shows, in DER.
std::string certificate_of(const transport::listen_layers& of) {
  const auto session = of.tls->open();
  unsigned char* der = nullptr;
  const int size = i2d_X509(SSL_get_certificate(session.get()), &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return text;
}

TEST(EndpointLayers, AreNoneWithoutATransport) {
  const auto all = make(endpoint(1, "") + endpoint(2, listening("") + '\n' + dialling(" ; ")));
  ASSERT_EQ(all.layers.size(), 2U);
  for (const auto& each : all.layers) {
    EXPECT_FALSE(each.in.any());
    EXPECT_FALSE(each.out.any());
  }
  EXPECT_TRUE(all.problems.empty()) << brief(all.problems);
}

TEST(EndpointLayers, AreThoseOfEachSideInOrder) {
  const auto all = make(endpoint(1, listening("ws;host=a;path=/x")) +
                        endpoint(2, dialling("tls;sni=b.example;ws;host=b;path=/y")) +
                        endpoint(3, listening("servername=c;tls")));
  EXPECT_TRUE(all.problems.empty()) << brief(all.problems);
  ASSERT_EQ(all.layers.size(), 3U);
  EXPECT_EQ(all.layers[0].in.ws, (config::ws_options{"a", "/x"}));
  EXPECT_EQ(all.layers[0].in.tls, nullptr);
  EXPECT_FALSE(all.layers[0].out.any());
  EXPECT_FALSE(all.layers[1].in.any());
  EXPECT_EQ(all.layers[1].out.ws, (config::ws_options{"b", "/y"}));
  EXPECT_NE(all.layers[1].out.tls, nullptr);
  EXPECT_NE(all.layers[2].in.tls, nullptr);
  EXPECT_FALSE(all.layers[2].in.ws);
}

TEST(EndpointLayers, CamouflageDecidesWhatOthersAreAnswered) {
  const auto ws = listening("ws;host=a;path=/x");
  const auto all =
      make(endpoint(1, ws) + endpoint(2, ws + "\nnetwork = { camouflage = \"close\" }") +
           endpoint(3, ws + "\nnetwork = { camouflage = \"127.0.0.1:80\" }"));
  ASSERT_EQ(all.layers.size(), 3U);
  EXPECT_TRUE(all.layers[2].in.hands_over);
  EXPECT_FALSE(all.layers[1].in.hands_over);
  EXPECT_FALSE(all.layers[0].in.is_silent);
  EXPECT_TRUE(all.layers[1].in.is_silent);
}

TEST(EndpointLayers, OfTheSameServernameShareOneSelfSignedCertificate) {
  const auto all = make(endpoint(1, listening("tls;servername=one.example")) +
                        endpoint(2, listening("tls;servername=one.example")) +
                        endpoint(3, listening("tls;servername=two.example")));
  ASSERT_EQ(all.layers.size(), 3U);
  const auto first = certificate_of(all.layers[0].in);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, certificate_of(all.layers[1].in));
  EXPECT_NE(first, certificate_of(all.layers[2].in));
}

// realm gives both the certificate that it read first (spec 9.1, a defect).
TEST(EndpointLayers, WithOneKeyAndTwoCertificatesEachShowsItsOwn) {
  const test::scratch_directory files;
  const auto one = test::issue({"one.test", {"DNS:one.test"}});
  const auto two = test::issue({"two.test", {"DNS:two.test"}});
  const auto text = [&](const char* stem, const test::certificate& of) {
    return listening("tls;cert=" + files.file(std::string(stem) + ".pem", of.pem()) +
                     ";key=" + files.file(std::string(stem) + ".key", of.key_pem()));
  };
  const auto all = make(endpoint(1, text("one", one)) + endpoint(2, text("two", two)));
  ASSERT_EQ(all.layers.size(), 2U);
  EXPECT_TRUE(all.problems.empty()) << brief(all.problems);
  EXPECT_EQ(certificate_of(all.layers[0].in), one.der());
  EXPECT_EQ(certificate_of(all.layers[1].in), two.der());
}

TEST(EndpointLayers, TellEverythingThatCannotBeUsedWithItsPlace) {
  const test::scratch_directory files;
  const auto one = test::issue({});
  const auto other = test::issue({});
  const auto cert = files.file("c.pem", one.pem());
  const auto foreign = files.file("k.pem", other.key_pem());
  const auto missing = files.path() + "/none.pem";
  const auto all = make(endpoint(1, listening("tls;cert=" + missing + ";key=" + foreign)) +
                        endpoint(2, listening("tls;cert=" + cert + ";key=" + foreign)) +
                        endpoint(3, dialling("tls;sni=a.example;ca=" + missing)) +
                        endpoint(4, listening("tls;servername=a;ocsp=" + missing)) +
                        endpoint(5, listening("tls;servername=fine")));
  ASSERT_EQ(all.problems.size(), 4U) << brief(all.problems);
  const char* const places[] = {"t:4:", "t:8:", "t:12:", "t:16:"};
  const char* const keys[] = {"`listen_transport`: ", "`listen_transport`: ",
                              "`remote_transport`: ", "`listen_transport`: "};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& problem = all.problems[i];
    EXPECT_EQ(problem.where.to_string().rfind(places[i], 0), 0U) << problem.where.to_string();
    EXPECT_EQ(problem.message.rfind(keys[i], 0), 0U) << problem.message;
    EXPECT_EQ(problem.severity, config::problem::level::error);
    const auto& file = i == 1 ? foreign : missing;
    EXPECT_NE(problem.message.find(file), std::string::npos) << problem.message;
  }
  ASSERT_EQ(all.layers.size(), 5U);
  EXPECT_NE(all.layers[4].in.tls, nullptr) << "the others are made all the same";
}

TEST(EndpointLayers, AFileThatIsOfNoUseIsShownAtItsItem) {
  const test::scratch_directory files;
  const auto one = test::issue({});
  const auto cert = files.file("c.pem", one.pem());
  const auto key = files.file("k.pem", one.key_pem());
  const auto foreign = files.file("f.pem", test::issue({}).key_pem());
  const auto text = [&](const std::string& items) {
    const auto problems = make(endpoint(1, items)).problems;
    if (problems.size() != 1) return "not one problem:\n" + brief(problems);
    return problems[0].where.from->text.substr(problems[0].where.offset);
  };
  const auto begins = [&](const std::string& items, const std::string& with) {
    EXPECT_EQ(text(items).rfind(with, 0), 0U) << text(items) << items;
  };
  begins(listening("tls;key=" + key + ";cert=/none"), "cert=/none");
  begins(listening("tls;cert=" + cert + ";key=/none"), "key=/none");
  begins(listening("tls;cert=" + cert + ";key=" + foreign), "key=" + foreign);
  begins(listening("tls;servername=a;ocsp=/none"), "ocsp=/none");
  begins(listening("tls;servername=a;client_ca=/none"), "client_ca=/none");
  begins(dialling("tls;sni=a;ca=/none"), "ca=/none");
  begins(dialling("tls;sni=a;client_cert=/none;client_key=" + key), "client_cert=/none");
}

// Settings that were not read from a text, which would have refused it.
TEST(EndpointLayers, TellATextThatMeansNothing) {
  config::settings settings;
  settings.endpoints.emplace_back().listen_transport = "ws;host=a";
  settings.endpoints.emplace_back().remote_transport = "tls";
  const auto all = make(settings);
  ASSERT_EQ(all.problems.size(), 2U);
  EXPECT_NE(all.problems[0].message.find("path"), std::string::npos) << all.problems[0].message;
  EXPECT_NE(all.problems[1].message.find("sni"), std::string::npos) << all.problems[1].message;
}

}  // namespace
}  // namespace relay::forward
