#include "tools/protoc_gen_am/spec.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/stubs/strutil.h"

namespace am::codegen {
namespace {

using v1::HandlerOptions;

// In the largest unit that leaves no fraction.
std::string DurationLiteral(absl::Duration duration) {
  constexpr struct {
    absl::string_view name;
    absl::Duration unit;
  } kUnits[] = {
      {"Hours", absl::Hours(1)},
      {"Minutes", absl::Minutes(1)},
      {"Seconds", absl::Seconds(1)},
      {"Milliseconds", absl::Milliseconds(1)},
      {"Microseconds", absl::Microseconds(1)},
      {"Nanoseconds", absl::Nanoseconds(1)},
  };
  for (const auto& [name, unit] : kUnits) {
    absl::Duration rest;
    const std::int64_t count = absl::IDivDuration(duration, unit, &rest);
    if (rest != absl::ZeroDuration() && unit != absl::Nanoseconds(1)) continue;
    return absl::StrCat("::absl::", name, "(", count, ")");
  }
  return "::absl::ZeroDuration()";
}

std::string ExecutionConstant(HandlerOptions::Execution execution) {
  return execution == HandlerOptions::INLINE ? "kInline" : "kPool";
}

void PrintField(absl::string_view field, absl::string_view value,
                Printer& printer) {
  printer.Print({{"field", std::string(field)}, {"value", std::string(value)}},
                "        .$field$ = $value$,\n");
}

// "kResourceExhausted" of "RESOURCE_EXHAUSTED".
std::string CodeConstant(absl::string_view name) {
  std::string constant = "::absl::StatusCode::k";
  for (const absl::string_view word : absl::StrSplit(name, '_')) {
    absl::StrAppend(&constant, word.substr(0, 1),
                    absl::AsciiStrToLower(word.substr(1)));
  }
  return constant;
}

std::string CodesLiteral(StatusCodes codes) {
  std::vector<std::string> constants;
  for (int code = 0; code < v1::RetryPolicy::Code_ARRAYSIZE; ++code) {
    if (!codes.Contains(static_cast<absl::StatusCode>(code))) continue;
    constants.push_back(CodeConstant(
        v1::RetryPolicy::Code_Name(static_cast<v1::RetryPolicy::Code>(code))));
  }
  return absl::StrCat("{", absl::StrJoin(constants, ", "), "}");
}

// Its fields that do not have their default, as initialisers.
std::vector<std::string> RetryFields(const RetryPolicy& retry) {
  const RetryPolicy defaults;
  std::vector<std::string> fields = {
      absl::StrCat(".max_attempts = ", retry.max_attempts)};
  if (retry.initial_backoff != defaults.initial_backoff) {
    fields.push_back(absl::StrCat(".initial_backoff = ",
                                  DurationLiteral(retry.initial_backoff)));
  }
  if (retry.max_backoff != defaults.max_backoff) {
    fields.push_back(
        absl::StrCat(".max_backoff = ", DurationLiteral(retry.max_backoff)));
  }
  if (retry.multiplier != defaults.multiplier) {
    fields.push_back(absl::StrCat(
        ".multiplier = ", google::protobuf::SimpleDtoa(retry.multiplier)));
  }
  if (retry.codes != defaults.codes) {
    fields.push_back(absl::StrCat(".codes = ", CodesLiteral(retry.codes)));
  }
  return fields;
}

void PrintRetry(const RetryPolicy& retry, Printer& printer) {
  printer.Print("        .retry = {\n");
  for (const std::string& field : RetryFields(retry)) {
    printer.Print({{"field", field}}, "            $field$,\n");
  }
  printer.Print("        },\n");
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

}  // namespace

std::string PatternConstant(HandlerOptions::Pattern pattern) {
  switch (pattern) {
    case HandlerOptions::NO_RETURN:
      return "kNoReturn";
    case HandlerOptions::ACK:
      return "kAck";
    default:
      return "kResponse";
  }
}

void PrintSpec(const MethodContract& method, Printer& printer) {
  PrintField("name", Quoted(method.name), printer);
  PrintField("id", absl::StrCat("::am::HandlerId(", Quoted(method.name), ")"),
             printer);
  PrintField("pattern",
             absl::StrCat("::am::Pattern::", PatternConstant(method.pattern)),
             printer);
  if (method.timeout != absl::ZeroDuration()) {
    PrintField("timeout", DurationLiteral(method.timeout), printer);
  }
  if (method.max_concurrency != 0) {
    PrintField("max_concurrency", absl::StrCat(method.max_concurrency),
               printer);
  }
  if (method.ordered) PrintField("ordered", "true", printer);
  if (method.idempotent) PrintField("idempotent", "true", printer);
  if (method.execution != HandlerOptions::AUTO) {
    PrintField(
        "execution",
        absl::StrCat("::am::Execution::", ExecutionConstant(method.execution)),
        printer);
  }
  if (method.retry.max_attempts != 0) PrintRetry(method.retry, printer);
  PrintField("input_type", Quoted(method.input_type), printer);
  PrintField("output_type", Quoted(method.output_type), printer);
}

}  // namespace am::codegen
