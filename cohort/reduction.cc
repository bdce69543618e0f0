#include "am/cohort/reduction.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/future.h"
#include "am/handler_id.h"

namespace am::cohort {
namespace {

// The tag of field 1, length-delimited.
constexpr char kFieldOne = 0x0a;

void AppendVarint(std::uint64_t value, std::string& bytes) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
}

// A message whose field 1, repeated, has the values.
std::string MessageOf(const std::vector<std::string>& values) {
  std::string message;
  for (const std::string& value : values) {
    message.push_back(kFieldOne);
    AppendVarint(value.size(), message);
    message += value;
  }
  return message;
}

// What is not known of the ranks below one that did not answer.
void AddUnheard(const v1::ReduceRequest& subtree, const FanOut::Part& part,
                std::vector<v1::RankFailure>& failures) {
  failures.push_back(FailureOf(part.rank, part.outcome, part.reply.status));
  for (int i = 1; i < subtree.members_size(); ++i) {
    failures.push_back(FailureOf(
        subtree.members(i).rank(), Outcome::kCancelled,
        absl::CancelledError(absl::StrCat("rank ", subtree.members(i).rank(),
                                          ": below rank ", part.rank,
                                          ", which did not answer"))));
  }
}

}  // namespace

v1::RankFailure FailureOf(int rank, Outcome outcome,
                          const absl::Status& status) {
  v1::RankFailure failure;
  failure.set_rank(rank);
  failure.set_outcome(static_cast<int>(outcome));
  failure.set_code(static_cast<int>(status.code()));
  failure.set_message(std::string(status.message()));
  return failure;
}

std::vector<v1::ReduceRequest> Subtrees(const v1::ReduceRequest& request,
                                        int begin) {
  const int members = request.members_size() - begin;
  const int trees = std::min(members, std::max(request.fan_out(), 1));
  std::vector<v1::ReduceRequest> subtrees;
  int next = begin;
  for (int i = 0; i < trees; ++i) {
    v1::ReduceRequest& subtree = subtrees.emplace_back();
    *subtree.mutable_cohort() = request.cohort();
    subtree.set_produce(request.produce());
    subtree.set_reduce(request.reduce());
    subtree.set_request(request.request());
    subtree.set_fan_out(request.fan_out());
    const int end = begin + members * (i + 1) / trees;
    for (; next < end; ++next) *subtree.add_members() = request.members(next);
  }
  return subtrees;
}

Gathered Gather(const std::vector<v1::ReduceRequest>& subtrees,
                const std::vector<FanOut::Part>& parts) {
  Gathered gathered;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    v1::ReduceResponse response;
    FanOut::Part part = parts[i];
    if (part.outcome == Outcome::kOk) {
      part.reply.status =
          Decode(part.reply.payload.view(), part.reply.codec, response);
      if (!part.reply.status.ok()) part.outcome = Outcome::kHandlerError;
    }
    if (part.outcome != Outcome::kOk) {
      AddUnheard(subtrees[i], part, gathered.failures);
      continue;
    }
    gathered.values.push_back(std::move(*response.mutable_value()));
    for (auto& failure : *response.mutable_failures()) {
      gathered.failures.push_back(std::move(failure));
    }
  }
  return gathered;
}

Task<absl::StatusOr<std::string>> ReduceHere(Client client, std::string reducer,
                                             std::vector<std::string> values,
                                             absl::Duration timeout) {
  if (values.size() == 1) co_return std::move(values.front());
  MethodSpec spec;
  spec.name = reducer;
  spec.id = IsHandlerName(reducer) ? HandlerId(reducer) : kNoHandler;
  const std::string message = MessageOf(values);
  CallOptions options;
  options.timeout = timeout;
  Future<std::string> reduced(
      client.StartCall(spec, client.instance_id(),
                       Payload::Borrow(message, Codec::kProtobuf), options));
  absl::StatusOr<std::string> value = co_await reduced;
  if (value.ok()) co_return value;
  co_return absl::Status(
      value.status().code(),
      absl::StrCat("reducer ", reducer, ": ", value.status().message()));
}

}  // namespace am::cohort
