#include "tools/protoc_gen_am/contract.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.pb.h"
#include "tools/protoc_gen_am/names.h"
#include "tools/protoc_gen_am/retry_reader.h"
#include "tools/protoc_gen_am/source_info.h"

namespace am::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;
using google::protobuf::compiler::cpp::QualifiedClassName;
using google::protobuf::compiler::cpp::StripProto;
using v1::HandlerOptions;

// As in am/call_options.h.
constexpr absl::Duration kMaxTimeout = absl::Hours(24);

// Reads one rpc, with its problems.
class MethodReader {
 public:
  MethodReader(const MethodDescriptor& method, Problems& problems)
      : method_(method),
        options_(method.options().GetExtension(v1::handler)),
        problems_(problems) {}

  MethodContract Read(const MethodNames& names) {
    MethodContract contract;
    contract.function = names.function;
    contract.token = names.token;
    contract.name = HandlerNameOf(method_);
    contract.input_type = method_.input_type()->full_name();
    contract.output_type = method_.output_type()->full_name();
    contract.request = QualifiedClassName(method_.input_type());
    contract.response = QualifiedClassName(method_.output_type());
    contract.comment = CommentOf(method_);
    contract.deprecated = method_.options().deprecated() ||
                          method_.service()->options().deprecated();
    contract.idempotent = method_.options().idempotency_level() !=
                          MethodOptions::IDEMPOTENCY_UNKNOWN;
    CheckStreams();
    contract.pattern = ReadPattern();
    contract.timeout = ReadTimeout();
    contract.max_concurrency = ReadMaxConcurrency();
    contract.ordered = options_.ordered();
    contract.execution = ReadExecution();
    contract.retry = ReadRetry(options_, [this](int field,
                                                absl::string_view why) {
      Refuse(PlaceOfOption(method_, HandlerOptions::kRetryFieldNumber, field),
             why);
    });
    return contract;
  }

 private:
  void CheckStreams() {
    if (method_.client_streaming()) {
      RefuseStream(MethodDescriptorProto::kClientStreamingFieldNumber);
    } else if (method_.server_streaming()) {
      RefuseStream(MethodDescriptorProto::kServerStreamingFieldNumber);
    }
  }

  void RefuseStream(int field) {
    Refuse(PlaceOf(method_, field),
           "streams are not supported; drop `stream`, or move the rpc to a "
           ".proto that only gRPC's plugin reads");
  }

  HandlerOptions::Pattern ReadPattern() {
    switch (options_.pattern()) {
      case HandlerOptions::PATTERN_UNSPECIFIED:
      case HandlerOptions::RESPONSE:
        return HandlerOptions::RESPONSE;
      case HandlerOptions::NO_RETURN:
      case HandlerOptions::ACK:
        CheckReturnsNothing();
        return options_.pattern();
      default:
        RefuseOption(HandlerOptions::kPatternFieldNumber,
                     absl::StrCat("unknown pattern ", options_.pattern(),
                                  "; use NO_RETURN, ACK or RESPONSE"));
        return HandlerOptions::RESPONSE;
    }
  }

  void CheckReturnsNothing() {
    const std::string& output = method_.output_type()->full_name();
    if (output == "google.protobuf.Empty") return;
    Refuse(PlaceOf(method_, MethodDescriptorProto::kOutputTypeFieldNumber),
           absl::StrCat(HandlerOptions::Pattern_Name(options_.pattern()),
                        " has no result, but the rpc returns ", output,
                        "; return google.protobuf.Empty, or use RESPONSE"));
  }

  absl::Duration ReadTimeout() {
    if (options_.timeout().empty()) return absl::ZeroDuration();
    absl::Duration timeout;
    if (!absl::ParseDuration(options_.timeout(), &timeout)) {
      RefuseTimeout("is not a duration");
    } else if (timeout < absl::Nanoseconds(1)) {
      RefuseTimeout("is less than 1ns");
    } else if (timeout > kMaxTimeout) {
      RefuseTimeout("is more than 24h");
    }
    return timeout;
  }

  void RefuseTimeout(absl::string_view why) {
    RefuseOption(HandlerOptions::kTimeoutFieldNumber,
                 absl::StrCat("timeout \"", options_.timeout(), "\" ", why,
                              "; write one such as \"250ms\" or \"1m30s\""));
  }

  int ReadMaxConcurrency() {
    if (options_.max_concurrency() < 0) {
      RefuseOption(HandlerOptions::kMaxConcurrencyFieldNumber,
                   "max_concurrency is negative; leave it out for no limit");
    }
    return options_.max_concurrency();
  }

  HandlerOptions::Execution ReadExecution() {
    if (!HandlerOptions::Execution_IsValid(options_.execution())) {
      RefuseOption(HandlerOptions::kExecutionFieldNumber,
                   absl::StrCat("unknown execution ", options_.execution(),
                                "; use AUTO, INLINE or POOL"));
    } else if (options_.execution() == HandlerOptions::INLINE &&
               options_.ordered()) {
      RefuseOption(HandlerOptions::kExecutionFieldNumber,
                   "INLINE cannot be ordered, which may make a message wait; "
                   "leave execution out, so that it is AUTO");
    }
    return options_.execution();
  }

  void RefuseOption(int field, absl::string_view why) {
    Refuse(PlaceOfOption(method_, field), why);
  }

  void Refuse(absl::string_view place, absl::string_view why) {
    problems_.push_back(
        absl::StrCat(place, ": rpc ", method_.full_name(), ": ", why));
  }

  const MethodDescriptor& method_;
  const HandlerOptions& options_;
  Problems& problems_;
};

ServiceContract ReadService(const ServiceDescriptor& service,
                            Problems& problems) {
  ServiceContract contract;
  contract.struct_name = StructNameOf(service);
  contract.comment = CommentOf(service);
  int index = 0;
  for (const MethodNames& names : NameMethods(service)) {
    contract.methods.push_back(
        MethodReader(*service.method(index++), problems).Read(names));
  }
  return contract;
}

}  // namespace

FileContract ReadContract(const FileDescriptor& file, Problems& problems) {
  FileContract contract;
  contract.proto = file.name();
  contract.path = StripProto(file.name());
  contract.cpp_namespace = NamespaceOf(file);
  for (int i = 0; i < file.service_count(); ++i) {
    contract.services.push_back(ReadService(*file.service(i), problems));
  }
  return contract;
}

std::string HandlerNameOf(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->full_name(), "/", method.name());
}

}  // namespace am::codegen
