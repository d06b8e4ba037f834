// Paths that lead into the folder of a unit's credentials.
#include <relay/config/credentials.hpp>

#include <gtest/gtest.h>

namespace relay::config {
namespace {

const std::optional<std::string> folder = "/run/credentials/relay.service";

TEST(Credentials, AreExpandedAtTheBeginningOfAPath) {
  const auto expanded = [](const char* path) { return *expand_credentials(path, folder); };
  EXPECT_EQ(expanded("$CREDENTIALS_DIRECTORY/key.pem"), *folder + "/key.pem");
  EXPECT_EQ(expanded("${CREDENTIALS_DIRECTORY}/tls/key.pem"), *folder + "/tls/key.pem");
  for (const auto* other : {"/etc/key.pem", "", "a/$CREDENTIALS_DIRECTORY/b", "$HOME/key.pem",
                            "$CREDENTIALS_DIRECTORY_2/key.pem", "$CREDENTIALS_DIRECTORY"}) {
    EXPECT_EQ(expanded(other), other);
  }
}

TEST(Credentials, AVariableThatIsNotSetIsAnError) {
  for (const auto& none : {std::optional<std::string>(), std::optional<std::string>("")}) {
    const auto made = expand_credentials("$CREDENTIALS_DIRECTORY/key.pem", none);
    EXPECT_FALSE(made);
    EXPECT_EQ(made.wrong,
              "`$CREDENTIALS_DIRECTORY` is not set; systemd sets it for a unit with "
              "LoadCredential=, and by hand CREDENTIALS_DIRECTORY=FOLDER in front of the command "
              "does");
    EXPECT_EQ(*expand_credentials("/etc/key.pem", none), "/etc/key.pem");
  }
}

TEST(Credentials, TheSpellingOfUnitFilesIsExplained) {
  const auto made = expand_credentials("%d/key.pem", folder);
  EXPECT_EQ(made.wrong,
            "`%d` has a meaning in unit files only; write `$CREDENTIALS_DIRECTORY/key.pem`");
}

TEST(Credentials, EveryPathOfATransportMayLeadThere) {
  auto in = parse_listen_transport(
                "tls;cert=$CREDENTIALS_DIRECTORY/c;key=$CREDENTIALS_DIRECTORY/k;"
                "ocsp=${CREDENTIALS_DIRECTORY}/o;client_ca=$CREDENTIALS_DIRECTORY/a")
                ->tls.value();
  EXPECT_TRUE(expand_credentials(in, "/x").empty());
  EXPECT_EQ(in, (tls_listen_options{"/x/c", "/x/k", "", "/x/o", "/x/a"}));
  auto out = parse_dial_transport(
                 "tls;sni=a;ca=$CREDENTIALS_DIRECTORY/a;client_cert=$CREDENTIALS_DIRECTORY/c;"
                 "client_key=/etc/k")
                 ->tls.value();
  EXPECT_TRUE(expand_credentials(out, "/x").empty());
  EXPECT_EQ(out, (tls_dial_options{"a", {}, false, "/x/a", "/x/c", "/etc/k"}));
  in.key = "$CREDENTIALS_DIRECTORY/k";
  const auto wrong = expand_credentials(in, std::nullopt);
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_EQ(wrong[0].item, "key");
}

}  // namespace
}  // namespace relay::config
