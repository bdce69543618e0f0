#include "tools/protoc_gen_am/spec.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

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
  PrintField("input_type", Quoted(method.input_type), printer);
  PrintField("output_type", Quoted(method.output_type), printer);
}

}  // namespace am::codegen
