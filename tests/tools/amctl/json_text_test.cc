#include "tools/amctl/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace am::amctl {
namespace {

std::string ErrorOf(const std::string& text) {
  const JsonText json(text);
  if (!json.error().has_value()) return "";
  return std::to_string(json.error()->place.line) + ":" +
         std::to_string(json.error()->place.column) + " " + json.error()->what;
}

TEST(JsonText, WhatIsJsonHasNoError) {
  for (const char* text :
       {"{}", "[]", " null ", "-0.5e+10", "\"\\u00e9\\n\"",
        R"({"a": [1, 2.5, {"b": "c"}], "d": true})", "\"\xc3\xa9\""}) {
    EXPECT_EQ(ErrorOf(text), "") << text;
  }
}

TEST(JsonText, AnErrorHasItsPlace) {
  EXPECT_EQ(ErrorOf(R"({"a" 1})"), "1:6 expected ':'");
  EXPECT_EQ(ErrorOf("{\"a\": 1,\n \"b\": }"), "2:7 expected a value");
  EXPECT_EQ(ErrorOf("{a: 1}"), "1:2 expected a key in double quotes");
  EXPECT_EQ(ErrorOf("{'a': 1}"), "1:2 expected a key in double quotes");
  EXPECT_EQ(ErrorOf("[1, 2"),
            "1:6 expected ',' or ']', but the text ends here");
  EXPECT_EQ(ErrorOf("[1] 2"), "1:5 the value has ended before this");
  EXPECT_EQ(ErrorOf("[1,]"), "1:4 expected a value");
  EXPECT_EQ(ErrorOf(""), "1:1 expected a value, but the text ends here");
  EXPECT_EQ(ErrorOf("[\"abc"), "1:2 the string does not end");
  EXPECT_EQ(ErrorOf("\"\\x\""), "1:3 no such escape");
  EXPECT_EQ(ErrorOf("\"\\u12g4\""), "1:6 expected four hexadecimal digits");
  EXPECT_EQ(ErrorOf("01"), "1:2 the value has ended before this");
  EXPECT_EQ(ErrorOf("-"), "1:2 expected a digit, but the text ends here");
  EXPECT_EQ(ErrorOf("\"a\nb\""), "1:3 a control character within a string");
  EXPECT_EQ(ErrorOf("nul"), "1:1 expected a value");
}

TEST(JsonText, DepthHasALimit) {
  EXPECT_EQ(ErrorOf(std::string(100, '[') + std::string(100, ']')), "");
  EXPECT_EQ(ErrorOf(std::string(200, '[')), "1:102 too deep");
}

TEST(JsonText, AValueIsFoundByThePathOfItsField) {
  const JsonText json("{\"batch\":\n {\"myValues\": [1, \"x\"]}}");
  const auto place = json.Find("batch.my_values[1]");
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->line, 2);
  EXPECT_EQ(place->column, 19);
  EXPECT_FALSE(json.Find("batch.other").has_value());
}

// In the words of protobuf 3.21.
TEST(JsonText, WhatProtobufSaysIsShownInItsPlace) {
  const JsonText json("{\"batch\": {\"values\": [1, \"x\"], \"vals\": 2}}");
  EXPECT_EQ(json.Explain("(batch.values[1]): invalid value \"x\""),
            "line 1, column 26: (batch.values[1]): invalid value \"x\"\n"
            "  {\"batch\": {\"values\": [1, \"x\"], \"vals\": 2}}\n"
            "                           ^");
  EXPECT_EQ(json.Explain("(batch) vals: Cannot find field.").substr(0, 19),
            "line 1, column 32: ");
  EXPECT_EQ(json.Explain("batch: Cannot find field.").substr(0, 18),
            "line 1, column 2: ");
  EXPECT_EQ(json.Explain("something else"), "something else");
}

TEST(JsonText, WhatStandsForAMessageIsOneValue) {
  const JsonText json("{\"data\": {\"bytes\": \"x\"}}");
  EXPECT_EQ(json.Explain("(data.bytes.value): bad").substr(0, 19),
            "line 1, column 20: ");
  EXPECT_EQ(JsonText("\"x\"").Explain("(value): bad").substr(0, 18),
            "line 1, column 1: ");
  EXPECT_EQ(JsonText("\"x\"").Explain(": bad").substr(0, 21),
            "line 1, column 1: bad");
}

TEST(JsonText, OfALongLineIsShownWhatIsAboutThePlace) {
  const JsonText json("[" + std::string(500, ' ') + "x]");
  const std::string shown = json.Show(json.error()->place, json.error()->what);
  EXPECT_EQ(shown.find("line 1, column 502: expected a value\n"), 0);
  EXPECT_LT(shown.size(), 250);
}

}  // namespace
}  // namespace am::amctl
