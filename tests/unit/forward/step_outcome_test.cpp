#include <relay/forward/hook_step.hpp>
#include <relay/forward/step_outcome.hpp>
#include <relay/handshake/layers.hpp>
#include <relay/handshake/proxy.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace relay::forward {
namespace {

using forward::end_reason;

error_code system_error(int code) { return {code, boost::system::system_category()}; }

struct row {
  error_code ec;
  bool begun;
  end_reason why;
};

void expect(const step_outcome& made, const row& wanted, const char* phase) {
  EXPECT_EQ(made.why, wanted.why) << wanted.ec.message();
  EXPECT_STREQ(made.phase, phase);
  const bool has_left =
      wanted.why == end_reason::client_eof || wanted.why == end_reason::reset_by_client;
  EXPECT_EQ(made.is_quiet, has_left) << wanted.ec.message();
  EXPECT_EQ(made.ec, wanted.why == end_reason::client_eof ? error_code() : wanted.ec);
}

TEST(StepOutcome, OfAProxyHeader) {
  for (const auto& each : {row{errc::timed_out, false, end_reason::proxy_timeout},
                           row{errc::timed_out, true, end_reason::proxy_timeout},
                           row{errc::bad_proxy_header, true, end_reason::bad_proxy_header},
                           row{errc::truncated, true, end_reason::bad_proxy_header},
                           row{errc::truncated, false, end_reason::client_eof},
                           row{system_error(ECONNRESET), true, end_reason::reset_by_client},
                           row{system_error(ETIMEDOUT), true, end_reason::client_error}}) {
    handshake::proxy_reading read;
    read.ec = each.ec;
    read.begun = each.begun;
    read.why = "the reason";
    const auto made = client_failed(read);
    expect(made, each, "reading the PROXY header");
    EXPECT_EQ(made.text(), "the reason");
  }
}

TEST(StepOutcome, OfAHandshake) {
  for (const auto& each :
       {row{errc::timed_out, false, end_reason::client_handshake_timeout},
        row{errc::truncated, false, end_reason::client_eof},
        row{errc::truncated, true, end_reason::client_handshake_failed},
        row{system_error(EPIPE), false, end_reason::reset_by_client},
        row{system_error(EPIPE), true, end_reason::client_handshake_failed},
        row{errc::handshake_refused, true, end_reason::client_handshake_failed}}) {
    handshake::outcome opened;
    opened.ec = each.ec;
    opened.begun = each.begun;
    opened.phase = "a phase";
    const auto made = client_failed(opened);
    expect(made, each, "a phase");
    EXPECT_EQ(made.text(), describe(made.ec)) << "nothing says more";
  }
}

TEST(StepOutcome, OfAHook) {
  for (const auto& each : {row{errc::timed_out, false, end_reason::hook_timeout},
                           row{errc::truncated, false, end_reason::client_eof},
                           row{system_error(ECONNRESET), false, end_reason::reset_by_client},
                           row{system_error(EIO), false, end_reason::client_error}}) {
    hook_answer asked;
    asked.ec = each.ec;
    expect(client_failed(asked), each, "waiting for the bytes that the hook wants");
  }
  hook_answer refused;
  refused.rejected = "not today";
  const auto made = client_failed(refused);
  expect(made, {{}, false, end_reason::hook_rejected}, "");
  EXPECT_EQ(made.text(), "not today");
}

TEST(StepOutcome, IsFinalWhereNobodyElseCouldDoBetter) {
  step_outcome made;
  EXPECT_TRUE(made.is_final()) << "it is reached";
  made.ec = system_error(ECONNREFUSED);
  EXPECT_FALSE(made.is_final());
  made.is_quiet = true;
  EXPECT_TRUE(made.is_final()) << "the client has left";
  made.is_quiet = false;
  made.ec = system_error(ECANCELED);
  EXPECT_TRUE(made.is_final()) << "the process ends";
  EXPECT_TRUE(made.is_cancelled());
}

}  // namespace
}  // namespace relay::forward
