// Termination: a server that runs until it is told to end, by Ctrl-C or by
// SIGTERM, and then ends in order.
//
//   int main() {
//     const Termination termination;  // before the first thread is started
//     ... serve ...
//     termination.Await();
//     manager->Shutdown();
//   }
#pragma once

#include <signal.h>

namespace am::examples {

class Termination {
 public:
  // From now on SIGINT and SIGTERM do not end this process, if no thread was
  // started before.
  Termination() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Blocks until one of them comes.
  void Await() const {
    int signal = 0;
    sigwait(&signals_, &signal);
  }

 private:
  sigset_t signals_;
};

}  // namespace am::examples
