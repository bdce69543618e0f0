#include "am/control/registration.h"

#include <algorithm>
#include <utility>

#include "am/fraction.h"

namespace am::control {

Registration::Step Registration::Next(absl::Time now) {
  if (superseded_ || registering_ || now < due_) return Step::kNothing;
  if (!registered_) {
    registering_ = true;
    changed_ = false;
    return Step::kRegister;
  }
  due_ = now + ttl_ / 3;
  if (!std::exchange(keeping_, true)) return Step::kKeepAlive;
  RegisterAt(now);
  return Step::kReconnect;
}

absl::Time Registration::due() const {
  return superseded_ || registering_ ? absl::InfiniteFuture() : due_;
}

void Registration::RegisterAt(absl::Time time) {
  registered_ = false;
  keeping_ = false;
  due_ = time;
}

void Registration::OnRecordChanged(absl::Time now) {
  changed_ = true;
  if (registered_) RegisterAt(now);
}

void Registration::OnRegistered(std::uint64_t epoch, absl::Duration ttl,
                                absl::Time now) {
  registering_ = false;
  registered_ = true;
  keeping_ = false;
  epoch_ = epoch;
  ttl_ = ttl;
  due_ = now + ttl_ / 3;
  backoff_.Reset();
  if (changed_) RegisterAt(now);
}

void Registration::OnRefused(const absl::Status& why, absl::Time now) {
  registering_ = false;
  superseded_ = absl::IsFailedPrecondition(why);
  RegisterAt(now + backoff_.Next(Fraction(random_)));
}

void Registration::OnKeptAlive(absl::Duration left, absl::Time now) {
  keeping_ = false;
  if (registered_ && left <= absl::ZeroDuration()) RegisterAt(now);
}

void Registration::OnStreamLost(absl::Time now) {
  if (registered_) RegisterAt(now + backoff_.Next(Fraction(random_)));
}

}  // namespace am::control
