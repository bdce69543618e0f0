// Leader: one end of a cohort: it has workers, which have ranks, and does
// things with all of them at once.
//
//   1. auto manager = am::Manager::Make({.listen = {"tcp://127.0.0.1:5555"}});
//   2. auto leader = am::cohort::Leader::Make(
//          **manager, {.size = am::cohort::CohortSize::Fixed(4)});
//   3. (*leader)->AwaitComplete(absl::Seconds(60));        // or who is missing
//   4. auto results = (*leader)->ParMap(
//          InferenceAm::kCompute, [](int rank) { return RequestFor(rank); },
//          {.timeout = absl::Seconds(5)}).Await();
//      results[2].outcome, results[2].value ...            // per rank, always
//   5. (*leader)->Shutdown();            // workers finish, leave, and exit
//
// Every operation has one deadline for all ranks, and ends with an outcome for
// each of them (am/cohort/outcome.h). Where a method is expected, a Named
// handler (am/cohort/named.h) may stand.
//
// Threads: any, but for the destructor. Operations may be awaited by a thread
// or a coroutine, also within handlers. Nothing else here blocks but what says
// so.
// Ownership: the manager is not owned, and must outlive it. A manager leads one
// cohort at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "am/cohort/cohort_options.h"
#include "am/cohort/collective.h"
#include "am/cohort/leader_core.h"
#include "am/cohort/named.h"
#include "am/cohort/operation.h"
#include "am/cohort/typed_reduction.h"

namespace am::cohort {

class Leader final {
 public:
  // Workers may join from now on. INVALID_ARGUMENT: an option is wrong, and
  // how. ALREADY_EXISTS: the manager leads a cohort already.
  static absl::StatusOr<std::unique_ptr<Leader>> Make(Manager& manager,
                                                      CohortOptions options);

  // Cancels what is under way. Workers are not told: they lose their leader.
  ~Leader();

  // -- Who is there ----------------------------------------------------------

  ViewPtr view() const { return core_->roster().view(); }

  // Blocks until all have joined. DEADLINE_EXCEEDED, with the ranks that are
  // missing; else why it fails or ends.
  absl::Status AwaitComplete(absl::Duration timeout) {
    return core_->AwaitComplete(timeout);
  }

  // Who is awaited, for how long, when each was last heard, what it runs; also
  // what am.v1.Cohort/DescribeCohort answers.
  Collective<v1::CohortDescription> Describe() {
    return {core_->client(), core_->Describe()};
  }

  // -- To each rank its own --------------------------------------------------

  // Calls each rank with the request that `mapper(rank)`, or mapper(rank,
  // member), makes for it: a Request or a StatusOr of one. What it throws is
  // that rank's outcome.
  template <typename Request, typename Response, Pattern pattern,
            typename Mapper>
  Operation<Response> ParMap(const Method<Request, Response, pattern>& method,
                             Mapper mapper,
                             const OperationOptions& options = {}) {
    static_assert(pattern != Pattern::kNoReturn,
                  "a NoReturn handler has no result: use Broadcast");
    // Shared, since a mapper may not be one that copies.
    const auto shared = std::make_shared<Mapper>(std::move(mapper));
    FanOut::MakeMessage make = [shared](const Member& member,
                                        FanOut::Send send) -> absl::Status {
      absl::StatusOr<Request> request = Map<Request>(*shared, member);
      if (!request.ok()) return request.status();
      send(internal::PayloadOf(*request));
      return absl::OkStatus();
    };
    return Operation<Response>(
        core_->Begin(method.spec, std::move(make), options));
  }

  // One request per rank, in order; as many as there are ranks, or
  // INVALID_ARGUMENT at each.
  template <typename Request, typename Response, Pattern pattern>
  Operation<Response> Scatter(const Method<Request, Response, pattern>& method,
                              std::vector<Request> requests,
                              const OperationOptions& options = {}) {
    return ParMap(
        method,
        [ranks = options.ranks.Resolve(view()->size()),
         requests = std::move(requests)](int rank) -> absl::StatusOr<Request> {
          const auto at = std::find(ranks.begin(), ranks.end(), rank);
          if (requests.size() != ranks.size() || at == ranks.end()) {
            return absl::InvalidArgumentError("as many requests as ranks");
          }
          return requests[static_cast<std::size_t>(at - ranks.begin())];
        },
        options);
  }

  // -- To each rank the same -------------------------------------------------

  // One-way, to rank after rank or past those that are full (SendOrder),
  // written once. OK at a rank: queued.
  template <typename Request>
  Operation<void> Broadcast(
      const Method<Request, void, Pattern::kNoReturn>& method,
      const Request& request, const OperationOptions& options = {}) {
    return Operation<void>(Spread(method.spec, request, options));
  }

  template <typename Request>
  Operation<void> BroadcastAcks(
      const Method<Request, void, Pattern::kAck>& method,
      const Request& request, const OperationOptions& options = {}) {
    return Operation<void>(Spread(method.spec, request, options));
  }

  template <typename Request, typename Response>
  Operation<Response> BroadcastResponses(
      const Method<Request, Response, Pattern::kResponse>& method,
      const Request& request, const OperationOptions& options = {}) {
    return Operation<Response>(Spread(method.spec, request, options));
  }

  // The values of all ranks, in order; another word for BroadcastResponses.
  template <typename Request, typename Response>
  Operation<Response> Gather(
      const Method<Request, Response, Pattern::kResponse>& method,
      const Request& request, const OperationOptions& options = {}) {
    return BroadcastResponses(method, request, options);
  }

  // OK at a rank: it has a handler of this name. kLate: it did not get one.
  Operation<void> AwaitHandlerOnAll(absl::string_view name,
                                    absl::Duration timeout) {
    return Operation<void>(core_->AwaitHandlerOnAll(name, timeout));
  }

  // -- All together ----------------------------------------------------------

  // Waits until every rank has arrived at the barrier of this name
  // (Worker::Barrier), and lets all go on.
  Collective<Outcomes<void>> Barrier(std::string name, absl::Duration timeout) {
    return {core_->client(),
            core_->barriers().ArriveAsLeader(std::move(name), timeout)};
  }

  // Has each rank make a value by `produce`, and reduces all of them, in order
  // of ranks, by `reducer`: a handler that every worker and the leader have,
  // which makes one value of several. It must be associative. Field 1 of its
  // request is `repeated Value`. Beyond 16 workers they reduce among
  // themselves, in a tree. There is a value only if every rank contributed.
  template <typename Request, typename Value, typename Values>
  Collective<ReducedValue<Value>> Reduce(
      const Method<Request, Value, Pattern::kResponse>& produce,
      const Request& request,
      const Method<Values, Value, Pattern::kResponse>& reducer,
      const OperationOptions& options = {}) {
    return {core_->client(),
            internal::ReduceTask<Value, Values, Request>(
                core_, produce, request, reducer, internal::TimeoutOf(options),
                options.on_failure)};
  }

  // The same, after which every rank gets the value, by its handler `deliver`.
  template <typename Request, typename Value, typename Values>
  Collective<ReducedValue<Value>> AllReduce(
      const Method<Request, Value, Pattern::kResponse>& produce,
      const Request& request,
      const Method<Values, Value, Pattern::kResponse>& reducer,
      const Method<Value, void, Pattern::kAck>& deliver,
      const OperationOptions& options = {}) {
    return {core_->client(),
            internal::AllReduceTask<Value, Values, Request>(
                core_, produce, request, reducer, deliver,
                internal::TimeoutOf(options), options.on_failure)};
  }

  // -- The end ---------------------------------------------------------------

  // Asks all workers to finish what they do and to leave, and returns when the
  // last one has. DEADLINE_EXCEEDED: who did not within
  // CohortOptions::shutdown_timeout, and was forced. Blocks.
  absl::Status Shutdown();

  // Blocks until the cohort has ended, by whatever; as Shutdown.
  absl::Status AwaitEnd() { return core_->AwaitEnd(); }

 private:
  explicit Leader(std::shared_ptr<LeaderCore> core) : core_(std::move(core)) {}

  template <typename Request, typename Mapper>
  static absl::StatusOr<Request> Map(Mapper& mapper, const Member& member) {
    if constexpr (std::is_invocable_v<Mapper&, int, const Member&>) {
      return mapper(member.rank, member);
    } else {
      return mapper(member.rank);
    }
  }

  template <typename Request>
  std::shared_ptr<FanOut> Spread(const MethodSpec& spec, const Request& request,
                                 const OperationOptions& options) {
    return core_->Spread(spec, internal::Serialised(request), options);
  }

  const std::shared_ptr<LeaderCore> core_;
};

}  // namespace am::cohort
