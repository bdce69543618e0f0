#include "am/examples/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cstddef>

#include "am/clock.h"

namespace am::examples {

bool ReadableWithin(int descriptor, absl::Duration timeout) {
  pollfd item = {descriptor, POLLIN, 0};
  const auto milliseconds = absl::ToInt64Milliseconds(timeout);
  return milliseconds >= 0 &&
         poll(&item, 1, static_cast<int>(milliseconds)) > 0;
}

absl::StatusOr<std::string> LineReader::Next(absl::Duration timeout) {
  const SteadyClock clock;
  const absl::Time deadline = clock.Now() + timeout;
  std::size_t end;
  while ((end = unread_.find('\n')) == std::string::npos) {
    if (!ReadableWithin(descriptor_, deadline - clock.Now())) {
      return absl::DeadlineExceededError("no line was printed in time");
    }
    char bytes[256];
    const ssize_t count = read(descriptor_, bytes, sizeof(bytes));
    if (count <= 0) return absl::UnavailableError("the output has ended");
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

}  // namespace am::examples
