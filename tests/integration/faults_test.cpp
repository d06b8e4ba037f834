// What becomes of a connection when a part of relay throws: it ends, its place is given back, and
// nobody else notices. The part is the log here, since it is called everywhere.
#include "support/relay_bench.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace relay::forward {
namespace {

using forward::end_reason;

/// Throws at the first line with a word in it.
class throwing_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit throwing_sink(std::string word) : word_(std::move(word)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const std::string_view text(line.payload.data(), line.payload.size());
    if (is_done_ || text.find(word_) == std::string_view::npos) return;
    is_done_ = true;
    throw std::runtime_error("a part that is broken");
  }
  void flush_() override {}

  std::string word_;
  bool is_done_ = false;
};

/// One client at a time is served.
struct faulty_bench : test::remote_bench {
  faulty_bench() { settings.endpoints[0].max_connections = 1; }

  /// The first line of that target with this word in it cannot be written.
  void begin(const char* target, const char* word) {
    start();
    auto& log_of_it = log->target(target);
    log_of_it.sinks().push_back(std::make_shared<throwing_sink>(word));
    log_of_it.set_error_handler([](const std::string& what) { throw std::runtime_error(what); });
  }

  void expect_one_victim(const std::string& header) {
    const auto victim = connect();
    test::send_all(victim.get(), header);
    EXPECT_TRUE(test::sees_reset(victim.get()));
    EXPECT_TRUE(has_ended(end_reason::internal_error));
    EXPECT_NE(log_text().find("a part that is broken"), std::string::npos);

    const auto next = connect();
    test::send_all(next.get(), header + "question");
    test::shut_write(next.get());
    // The victim may have come as far as the remote.
    for (auto server = accept();; server = accept()) {
      const auto asked = test::read_to_end(server.get());
      if (asked.empty()) continue;
      EXPECT_EQ(asked, "question");
      test::send_all(server.get(), "answer");
      break;
    }
    EXPECT_EQ(test::read_to_end(next.get()), "answer");
    EXPECT_TRUE(test::wait_until([&] { return running->connections() == 0; }));
  }
};

TEST(Faults, ACoroutineThatThrowsGivesThePlaceOfItsConnectionBack) {
  faulty_bench b;
  b.network().accept_proxy = true;
  b.network().trusted_proxies = {*config::parse_address_block("127.0.0.1")};
  b.begin("realm_core::tcp::proxy", "accept proxy-protocol");
  b.expect_one_victim("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
}

TEST(Faults, SoDoesWhatIsCalledWhenAConnectIsDone) {
  faulty_bench b;
  b.begin("realm_core::tcp::middle", " as ");
  b.expect_one_victim("");
}

}  // namespace
}  // namespace relay::forward
