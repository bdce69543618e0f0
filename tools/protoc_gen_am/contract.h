// Contract: what a .proto says of its services, checked and in C++'s names.
//
// It is what stands between descriptors and text: ReadContract is the only
// function that knows descriptors and options, and the writers of the files
// know only these structs.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "am/retry_policy.h"
#include "am/v1/options.pb.h"
#include "google/protobuf/descriptor.h"

namespace am::codegen {

struct MethodContract {
  std::string function;     // "Compute"
  std::string token;        // "kCompute"
  std::string name;         // "acme.v1.Inference/Compute"
  std::string input_type;   // "acme.v1.ComputeRequest"
  std::string output_type;  // "acme.v1.ComputeResult"
  std::string request;      // "::acme::v1::ComputeRequest"
  std::string response;     // "::acme::v1::ComputeResult"
  std::vector<std::string> comment;
  bool deprecated = false;

  v1::HandlerOptions::Pattern pattern = v1::HandlerOptions::RESPONSE;
  absl::Duration timeout = absl::ZeroDuration();  // zero: not said
  int max_concurrency = 0;                        // zero: no limit
  bool ordered = false;
  bool idempotent = false;
  v1::HandlerOptions::Execution execution = v1::HandlerOptions::AUTO;
  RetryPolicy retry;  // without max_attempts: not said
};

struct ServiceContract {
  std::string struct_name;  // "InferenceAm"
  std::vector<std::string> comment;
  std::vector<MethodContract> methods;
};

struct FileContract {
  std::string proto;          // "acme/v1/inference.proto"
  std::string path;           // "acme/v1/inference"
  std::string cpp_namespace;  // "acme::v1"
  std::vector<ServiceContract> services;
};

// Why a .proto is refused: "file.proto:3:5: reason; what to do".
using Problems = std::vector<std::string>;

// Reads one file; what it cannot accept it adds to `problems`.
FileContract ReadContract(const google::protobuf::FileDescriptor& file,
                          Problems& problems);

// "acme.v1.Inference/Compute", which the handler's id is the hash of.
std::string HandlerNameOf(const google::protobuf::MethodDescriptor& method);

}  // namespace am::codegen
