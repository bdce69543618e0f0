#include "am/future.h"

namespace am::internal {
namespace {

thread_local Context* current_context = nullptr;

}  // namespace

Context* CurrentContext() { return current_context; }

Context* ExchangeCurrentContext(Context* context) {
  return std::exchange(current_context, context);
}

}  // namespace am::internal
