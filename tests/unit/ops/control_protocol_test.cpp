#include <relay/ops/control_protocol.hpp>

#include <gtest/gtest.h>

#include <set>

namespace relay::ops {
namespace {

control_request understood(std::string_view line) {
  auto answer = read_request(line);
  if (const auto* wrong = std::get_if<control_error>(&answer)) {
    ADD_FAILURE() << wrong->code << ": " << wrong->message;
    return {};
  }
  return std::get<control_request>(answer);
}

std::string code_of(std::string_view line) {
  const auto answer = read_request(line);
  const auto* wrong = std::get_if<control_error>(&answer);
  if (wrong == nullptr) ADD_FAILURE() << "understood: " << line;
  return wrong == nullptr ? std::string() : wrong->code;
}

TEST(ControlRequest, IsOneLineOfJson) {
  const auto made =
      understood(R"({"version":1,"command":"sessions","arguments":{"filter":"kind=udp"}})"
                 "\n");
  EXPECT_EQ(made, (control_request{1, "sessions", {{"filter", "kind=udp"}}}));
  EXPECT_EQ(understood(R"({"command":"status","version":1})"), (control_request{1, "status"}));
}

TEST(ControlRequest, ReadsBackWhatWasWritten) {
  for (const control_request& each :
       {control_request{1, "status"}, control_request{1, "kill", {{"id", "42"}}},
        control_request{1, "drain", {{"endpoint", "a \"b\"\n\\ \x01 b\xc3\xbcro"}}}}) {
    const auto line = write_request(each);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(understood(line), each);
  }
}

TEST(ControlRequest, KeysOfALaterVersionArePassedOver) {
  EXPECT_EQ(understood(R"({"version":1,"command":"status","trace":{"id":[1,2]}})"),
            (control_request{1, "status"}));
}

TEST(ControlRequest, AnotherVersionIsToldWhichOneIsSpoken) {
  for (const char* version : {"0", "2", "-1", "18446744073709551615"}) {
    const auto answer =
        read_request(std::string(R"({"command":"status","version":)") + version + '}');
    ASSERT_TRUE(std::holds_alternative<control_error>(answer)) << version;
    EXPECT_EQ(std::get<control_error>(answer),
              (control_error{"RLY-VERSION", std::string("this daemon speaks version 1 of the "
                                                        "protocol, not ") +
                                                version}));
  }
}

TEST(ControlRequest, WhatMakesNoSenseIsRefusedWithAnExample) {
  for (const std::string& line :
       {std::string(), std::string("\n"), std::string("status"), std::string("[]"),
        std::string("7"), std::string("GET / HTTP/1.1\r\n"), std::string(R"({"version":1)"),
        std::string(R"({"version":1,"command":7})"), std::string(R"({"version":1})"),
        std::string(R"({"version":"1","command":"status"})"),
        std::string(R"({"version":1.5,"command":"status"})"), std::string(R"({"command":"a"})"),
        std::string(R"({"version":1,"command":"a","arguments":[]})"),
        std::string(R"({"version":1,"command":"a","arguments":{"id":7}})"),
        std::string("\0\0\0\0", 4), std::string("{\"version\":1,\"command\":\"a\0\"}", 27),
        std::string("\xff\xfe{}"), std::string("{\"version\":1,\"command\":\"\xff\"}")}) {
    EXPECT_EQ(code_of(line), "RLY-BAD-REQUEST") << line;
  }
  EXPECT_NE(std::get<control_error>(read_request("status")).message.find(R"("command":"status")"),
            std::string::npos);
}

TEST(ControlRequest, IsBoundedInLengthAndDepth) {
  const std::string begin = R"({"version":1,"command":"a","x":")";
  const auto filled = [&](std::size_t size) {
    return begin + std::string(size - begin.size() - 2, 'x') + "\"}";
  };
  EXPECT_EQ(understood(filled(longest_request)).command, "a");
  EXPECT_EQ(code_of(filled(longest_request + 1)), "RLY-TOO-LONG");
  EXPECT_EQ(code_of(std::string(longest_request, '[')), "RLY-BAD-REQUEST");
  EXPECT_EQ(code_of(R"({"version":1,"command":"a","x":)" + std::string(30'000, '[') +
                    std::string(30'000, ']') + '}'),
            "RLY-BAD-REQUEST");
}

TEST(ControlReply, IsAResultOrACodeWithASentence) {
  EXPECT_EQ(write_reply(std::string(R"({"text":"done"})")),
            "{\"version\":1,\"result\":{\"text\":\"done\"}}\n");
  EXPECT_EQ(write_reply(refusal(control_codes::not_found, "there is no session \"7\"")),
            "{\"version\":1,\"error\":\"RLY-NOT-FOUND\",\"message\":\"there is no session "
            "\\\"7\\\"\"}\n");
}

TEST(ControlReply, IsAlwaysOneLineOfUtf8) {
  EXPECT_EQ(write_reply(std::string("{\n  \"a\": [1,\n 2]\n}\n")),
            "{\"version\":1,\"result\":{\"a\":[1,2]}}\n");
  EXPECT_EQ(write_reply(control_error{"RLY-FAILED", "a\nb\xff"}),
            "{\"version\":1,\"error\":\"RLY-FAILED\",\"message\":\"a\\nb\xef\xbf\xbd\"}\n");
}

TEST(ControlReply, ReadsBackWhatWasWritten) {
  for (const control_reply& each :
       {control_reply(std::string(R"({"z":1,"a":[]})")), control_reply(std::string("null")),
        control_reply(control_error{"RLY-TOO-MANY", "later"})}) {
    EXPECT_EQ(read_reply(write_reply(each)), each);
  }
}

TEST(ControlReply, OneThatMakesNoSenseIsAnError) {
  for (const char* line : {"", "hello", "{}", "[]", R"({"version":1})", R"({"error":7})"}) {
    const auto read = read_reply(line);
    ASSERT_TRUE(std::holds_alternative<control_error>(read)) << line;
    EXPECT_EQ(std::get<control_error>(read).code, "RLY-FAILED");
  }
}

TEST(ControlCodes, AreDifferentAndBeginAlike) {
  std::set<std::string_view> names;
  for (const auto& each : control_codes::all) {
    EXPECT_TRUE(each.name.starts_with("RLY-")) << each.name;
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
  }
}

}  // namespace
}  // namespace relay::ops
