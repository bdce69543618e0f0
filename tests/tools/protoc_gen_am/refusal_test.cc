#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "am/handler_id.h"
#include "am/v1/options.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/compiler/importer.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gtest/gtest.h"
#include "tools/protoc_gen_am/generator.h"

namespace am::codegen {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::io::ZeroCopyInputStream;
using google::protobuf::io::ZeroCopyOutputStream;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Texts = std::map<std::string, std::string>;

// Files in memory, to read and to write.
class FakeSourceTree final : public google::protobuf::compiler::SourceTree {
 public:
  explicit FakeSourceTree(const Texts& files) : files_(files) {}

  ZeroCopyInputStream* Open(const std::string& name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return nullptr;
    return new google::protobuf::io::ArrayInputStream(
        found->second.data(), static_cast<int>(found->second.size()));
  }

 private:
  const Texts& files_;
};

class FakeContext final : public google::protobuf::compiler::GeneratorContext {
 public:
  ZeroCopyOutputStream* Open(const std::string& name) override {
    return new google::protobuf::io::StringOutputStream(&files[name]);
  }

  Texts files;
};

class StrictErrors final : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    ADD_FAILURE() << file << ": " << element << ": " << message;
  }
};

// What the plugin says to `files`; empty if it generates them all.
std::string Generate(const std::vector<const FileDescriptor*>& files,
                     IdHash hash = &HandlerId,
                     const std::string& parameter = "") {
  FakeContext context;
  std::string error;
  const bool generated =
      Generator(hash).GenerateAll(files, parameter, &context, &error);
  EXPECT_EQ(generated, error.empty());
  EXPECT_EQ(context.files.size(), generated ? 3 * files.size() : 0);
  return error;
}

// The same for .proto files by name, each given from its fifth line on.
std::string GenerateTexts(const Texts& bodies, IdHash hash = &HandlerId) {
  Texts files;
  for (const auto& [name, body] : bodies) {
    files[name] = absl::StrCat(
        "syntax = 'proto3'; package p;\n"
        "import 'am/v1/options.proto';\n"
        "import 'google/protobuf/empty.proto';\n",
        name == "a.proto" ? "message M {}\n" : "import 'a.proto';\n", body);
  }
  // For the imports: these are linked in.
  static_cast<void>(google::protobuf::Empty::descriptor());
  google::protobuf::DescriptorPoolDatabase linked(
      *DescriptorPool::generated_pool());
  FakeSourceTree tree(files);
  google::protobuf::compiler::SourceTreeDescriptorDatabase sources(&tree,
                                                                   &linked);
  StrictErrors errors;
  DescriptorPool pool(&sources, &errors);
  std::vector<const FileDescriptor*> descriptors;
  for (const auto& [name, text] : files) {
    descriptors.push_back(pool.FindFileByName(name));
    if (descriptors.back() == nullptr) return "not a proto: " + text;
  }
  return Generate(descriptors, hash);
}

// The same for one service with one rpc.
std::string GenerateRpc(absl::string_view rpc) {
  return GenerateTexts({{"a.proto", absl::StrCat("service S {\n", rpc, "}")}});
}

std::string GenerateOption(absl::string_view option) {
  return GenerateRpc(
      absl::StrCat("rpc F(M) returns (M) {\noption ", option, ";\n}"));
}

TEST(Refusal, NothingIsRefusedWithoutReason) {
  EXPECT_THAT(GenerateRpc("rpc F(M) returns (M);"), IsEmpty());
  EXPECT_THAT(GenerateOption("(am.v1.handler).timeout = '24h'"), IsEmpty());
  EXPECT_THAT(GenerateOption("(am.v1.handler).timeout = '1ns'"), IsEmpty());
}

TEST(Refusal, NoReturnThatReturnsSomething) {
  EXPECT_EQ(GenerateRpc("  rpc F(M) returns (M) {\n"
                        "    option (am.v1.handler).pattern = NO_RETURN;\n"
                        "  }\n"),
            "refused\n"
            "a.proto:6:21: rpc p.S.F: NO_RETURN has no result, but the rpc "
            "returns p.M; return google.protobuf.Empty, or use RESPONSE");
}

TEST(Refusal, AckThatReturnsSomething) {
  EXPECT_THAT(GenerateOption("(am.v1.handler).pattern = ACK"),
              HasSubstr("a.proto:6:19: rpc p.S.F: ACK has no result, but"));
}

TEST(Refusal, Streams) {
  const char kReason[] = "streams are not supported; drop `stream`, or move";
  EXPECT_THAT(GenerateRpc("rpc F(stream M) returns (M);"),
              AllOf(HasSubstr("a.proto:6:7: rpc p.S.F: "), HasSubstr(kReason)));
  EXPECT_THAT(GenerateRpc("rpc F(M) returns (stream M);"),
              AllOf(HasSubstr("a.proto:6:19: "), HasSubstr(kReason)));
  EXPECT_THAT(GenerateRpc("rpc F(stream M) returns (stream M);"),
              AllOf(HasSubstr("a.proto:6:7: "), HasSubstr(kReason)));
}

TEST(Refusal, TimeoutsOutOfRange) {
  const auto timeout = [](absl::string_view text) {
    return GenerateOption(
        absl::StrCat("(am.v1.handler).timeout = '", text, "'"));
  };
  EXPECT_THAT(timeout("-1s"), HasSubstr("a.proto:7:1: rpc p.S.F: timeout "
                                        "\"-1s\" is less than 1ns; write"));
  EXPECT_THAT(timeout("0"), HasSubstr("is less than 1ns"));
  EXPECT_THAT(timeout("0.5ns"), HasSubstr("is less than 1ns"));
  EXPECT_THAT(timeout("24h1ns"), HasSubstr("is more than 24h"));
  EXPECT_THAT(timeout("inf"), HasSubstr("is more than 24h"));
  EXPECT_THAT(timeout("soon"), HasSubstr("is not a duration"));
  EXPECT_THAT(timeout("5"), HasSubstr("is not a duration"));
}

TEST(Refusal, NegativeMaxConcurrency) {
  EXPECT_THAT(GenerateOption("(am.v1.handler).max_concurrency = -1"),
              HasSubstr("a.proto:7:1: rpc p.S.F: max_concurrency is negative"));
}

TEST(Refusal, OrderedInline) {
  EXPECT_THAT(
      GenerateOption("(am.v1.handler) = { ordered: true execution: INLINE }"),
      HasSubstr("a.proto:7:1: rpc p.S.F: INLINE cannot be ordered"));
}

TEST(Refusal, RetryOfWhatHasNoReply) {
  EXPECT_EQ(GenerateRpc("rpc F(M) returns (google.protobuf.Empty) {\n"
                        "  option (am.v1.handler).pattern = NO_RETURN;\n"
                        "  option (am.v1.handler).retry.max_attempts = 3;\n"
                        "}\n"),
            "refused\n"
            "a.proto:8:3: rpc p.S.F: NO_RETURN has no reply that could ask for "
            "a retry; leave retry out, or use ACK");
}

TEST(Refusal, RetriesWithoutANumber) {
  EXPECT_THAT(GenerateOption("(am.v1.handler).retry = {}"),
              HasSubstr("a.proto:7:1: rpc p.S.F: max_attempts is 0; write how "
                        "many there may be in all, the first included, from 1 "
                        "to 100"));
  EXPECT_THAT(GenerateOption("(am.v1.handler).retry.max_attempts = 101"),
              HasSubstr("a.proto:7:1: rpc p.S.F: max_attempts is 101"));
}

TEST(Refusal, BackoffsThatMakeNoSense) {
  const auto retry = [](absl::string_view fields) {
    return GenerateOption(absl::StrCat(
        "(am.v1.handler).retry = { max_attempts: 2 ", fields, "}"));
  };
  EXPECT_THAT(retry("max_backoff: '1s'"), IsEmpty());
  EXPECT_THAT(
      retry("initial_backoff: '-1s'"),
      HasSubstr("a.proto:7:1: rpc p.S.F: initial_backoff \"-1s\" is not "
                "a duration from 1ns to 24h; write one such as"));
  EXPECT_THAT(retry("max_backoff: 'soon'"), HasSubstr("max_backoff \"soon\""));
  EXPECT_THAT(retry("max_backoff: '25h'"), HasSubstr("max_backoff \"25h\""));
  EXPECT_THAT(retry("max_backoff: '1ms'"),
              HasSubstr("max_backoff, 1ms, is less than initial_backoff, 50ms; "
                        "write a longer one"));
  EXPECT_THAT(retry("backoff_multiplier: 0.5"),
              HasSubstr("backoff_multiplier is 0.5; write 1 or more"));
  EXPECT_THAT(retry("backoff_multiplier: nan"),
              HasSubstr("backoff_multiplier is nan"));
}

TEST(Refusal, RetryAfterSuccess) {
  EXPECT_THAT(
      GenerateOption(
          "(am.v1.handler).retry = { max_attempts: 2 codes: [ABORTED, OK] }"),
      HasSubstr("a.proto:7:1: rpc p.S.F: code 0 is no error of gRPC's"));
}

// Numbers that are no value of their enum cannot be written in a .proto, but
// may come from a newer options.proto. Here no positions are known either.
TEST(Refusal, UnknownEnumNumbers) {
  FileDescriptorProto file;
  file.set_name("a.proto");
  file.add_message_type()->set_name("M");
  auto& service = *file.add_service();
  service.set_name("S");
  auto& method = *service.add_method();
  method.set_name("F");
  method.set_input_type(".M");
  method.set_output_type(".M");
  auto& options = *method.mutable_options()->MutableExtension(v1::handler);
  options.set_pattern(static_cast<v1::HandlerOptions::Pattern>(77));
  options.set_execution(static_cast<v1::HandlerOptions::Execution>(78));
  DescriptorPool pool;
  EXPECT_EQ(Generate({pool.BuildFile(file)}),
            "refused\n"
            "a.proto: rpc S.F: unknown pattern 77; use NO_RETURN, ACK or "
            "RESPONSE\n"
            "a.proto: rpc S.F: unknown execution 78; use AUTO, INLINE or POOL");
}

TEST(Refusal, IdsThatCollide) {
  const IdHash by_length = [](absl::string_view name) {
    return std::uint64_t{name.size()};
  };
  EXPECT_EQ(GenerateTexts({{"a.proto",
                            "service S {\n"
                            "  rpc Add(M) returns (M);\n"
                            "  rpc Drop(M) returns (M);\n"
                            "  rpc Sub(M) returns (M);\n"
                            "}"}},
                          by_length),
            "refused\n"
            "a.proto:8:3: rpc p.S.Sub: its handler id is that of p.S.Add "
            "(a.proto:6:3), 0x0000000000000007; rename one of them");
}

TEST(Refusal, AnIdThatCollidesWithAnImport) {
  const IdHash same = [](absl::string_view) { return std::uint64_t{1}; };
  EXPECT_THAT(
      GenerateTexts({{"a.proto", "service S { rpc F(M) returns (M); }"},
                     {"b.proto", "service T { rpc G(M) returns (M); }"}},
                    same),
      StartsWith("refused\nb.proto:5:13: rpc p.T.G: its handler id is that of "
                 "p.S.F (a.proto:5:13), 0x0000000000000001"));
}

TEST(Refusal, ATakenName) {
  const auto with = [](absl::string_view declaration) {
    return GenerateTexts(
        {{"a.proto", absl::StrCat("service S {}\n", declaration)}});
  };
  EXPECT_EQ(with("message SAm {}"),
            "refused\n"
            "a.proto:5:1: service p.S: the name of its generated struct, SAm, "
            "is taken by message p.SAm; rename one of them");
  EXPECT_THAT(with("enum SAm { ZERO = 0; }"), HasSubstr("enum p.SAm"));
  EXPECT_THAT(with("enum E { SAm = 0; }"), HasSubstr("value SAm of enum p.E"));
  EXPECT_THAT(with("service SAm {}"), HasSubstr("service p.SAm"));
  EXPECT_THAT(with("extend google.protobuf.MethodOptions { M SAm = 51000; }"
                   "import 'google/protobuf/descriptor.proto';"),
              HasSubstr("extension p.SAm"));
  EXPECT_THAT(with("message Other { message SAm {} }"), IsEmpty());
}

TEST(Refusal, ANameTakenByWhatIsNestedElsewhere) {
  const auto with = [](absl::string_view declaration) {
    return GenerateTexts(
        {{"a.proto", absl::StrCat("service Outer_S {}\n", declaration)}});
  };
  EXPECT_THAT(with("message Outer { message SAm {} }"),
              HasSubstr("taken by message p.Outer.SAm"));
  EXPECT_THAT(with("message Outer { enum E { SAm = 0; } }"),
              HasSubstr("taken by value SAm of enum p.Outer.E"));
}

TEST(Refusal, ANameTakenInAnImport) {
  EXPECT_THAT(GenerateTexts(
                  {{"a.proto", "message SAm {}"}, {"b.proto", "service S {}"}}),
              HasSubstr("b.proto:5:1: service p.S: the name of its generated "
                        "struct, SAm, is taken by message p.SAm"));
}

TEST(Refusal, ANameTakenByAPackage) {
  FileDescriptorProto first;
  first.set_name("a.proto");
  first.set_package("p.SAm.v1");
  FileDescriptorProto second;
  second.set_name("b.proto");
  second.set_package("p");
  second.add_dependency("a.proto");
  second.add_service()->set_name("S");
  DescriptorPool pool;
  EXPECT_THAT(Generate({pool.BuildFile(first), pool.BuildFile(second)}),
              HasSubstr("is taken by package p.SAm"));
}

TEST(Refusal, AllProblemsAreTold) {
  EXPECT_EQ(GenerateTexts({{"a.proto", "message SAm {}"},
                           {"b.proto",
                            "service S {\n"
                            "  rpc F(M) returns (stream M);\n"
                            "  rpc G(M) returns (stream M);\n"
                            "}"}}),
            "refused\n"
            "b.proto:6:21: rpc p.S.F: streams are not supported; drop "
            "`stream`, or move the rpc to a .proto that only gRPC's plugin "
            "reads\n"
            "b.proto:7:21: rpc p.S.G: streams are not supported; drop "
            "`stream`, or move the rpc to a .proto that only gRPC's plugin "
            "reads\n"
            "b.proto:5:1: service p.S: the name of its generated struct, SAm, "
            "is taken by message p.SAm; rename one of them");
}

TEST(Refusal, Parameters) {
  FileDescriptorProto file;
  file.set_name("a.proto");
  DescriptorPool pool;
  EXPECT_EQ(Generate({pool.BuildFile(file)}, &HandlerId, "lite"),
            "it takes no parameters, but got: lite");
}

}  // namespace
}  // namespace am::codegen
