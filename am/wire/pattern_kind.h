// Which kind of message calls a handler of which pattern (am/WIRE.md, Kinds).
//
// Pure functions.
#pragma once

#include "am/method.h"
#include "am/wire/wire.h"

namespace am {

constexpr MessageKind KindOf(Pattern pattern) {
  switch (pattern) {
    case Pattern::kNoReturn:
      return MessageKind::kNoReturn;
    case Pattern::kAck:
      return MessageKind::kAckCall;
    case Pattern::kResponse:
      return MessageKind::kCall;
  }
  return MessageKind::kCall;
}

// REQUIRES: `kind` is one of those.
constexpr Pattern PatternOf(MessageKind kind) {
  if (kind == MessageKind::kNoReturn) return Pattern::kNoReturn;
  if (kind == MessageKind::kAckCall) return Pattern::kAck;
  return Pattern::kResponse;
}

}  // namespace am
