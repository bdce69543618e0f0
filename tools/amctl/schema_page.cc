#include "tools/amctl/schema_page.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"

namespace am::amctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;

// A message with every field that it has, as far as they are plain.
std::string Example(control::RemoteSchema& schema, const Descriptor& type) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(
      *schema.NewMessage(type), &json, options);
  return printed.ok() ? json : "{}";
}

// As a .proto has it.
std::string Declared(const Descriptor& type) {
  return absl::StrCat("// ", type.full_name(), "\n", type.DebugString());
}

SchemaPage OfMethod(control::RemoteSchema& schema, const std::string& name,
                    const MethodDescriptor& method) {
  const Descriptor& in = *method.input_type();
  const Descriptor& out = *method.output_type();
  SchemaPage page;
  page.text =
      absl::StrCat(method.DebugString(), "\n", Declared(in), "\n",
                   &in == &out ? "" : Declared(out) + "\n", "amctl call ", name,
                   " '", Example(schema, in), "'\n");
  page.json.Set("handler", name)
      .Set("input", in.full_name())
      .Set("output", out.full_name())
      .Set("proto", method.DebugString())
      .Set("input_proto", in.DebugString())
      .Set("output_proto", out.DebugString())
      .Set("example", Json::Verbatim(Example(schema, in)));
  return page;
}

SchemaPage Of(const std::string& kind, const std::string& name,
              const std::string& proto) {
  SchemaPage page;
  page.text = absl::StrCat("// ", name, "\n", proto);
  page.json.Set(kind, name).Set("proto", proto);
  return page;
}

}  // namespace

absl::StatusOr<SchemaPage> SchemaPage::Make(control::RemoteSchema& schema,
                                            const std::string& name) {
  if (absl::StrContains(name, "/")) {
    const auto method = schema.FindMethod(name);
    if (!method.ok()) return method.status();
    return OfMethod(schema, name, **method);
  }
  const auto service = schema.FindService(name);
  if (service.ok()) return Of("service", name, (*service)->DebugString());
  const auto message = schema.FindMessage(name);
  if (message.ok()) return Of("message", name, (*message)->DebugString());
  return message.status();
}

}  // namespace am::amctl
