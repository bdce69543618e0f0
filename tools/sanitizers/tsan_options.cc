// Debian's libzmq, gRPC and Abseil are not built for ThreadSanitizer, which
// hence cannot see how they synchronise and would report races in what they do.
//
// That is all there is to say of libzmq and Abseil. gRPC calls us, in callbacks
// on threads of its own, and that one callback happens before the next is as
// hidden: whatever both touch looks like a race. So none is reported of which
// either side has gRPC below it on its stack, and of am/control TSan sees what
// its other threads do, and the order of locks. What a handler does is reported
// wherever a message came by the data plane.

// The names are TSan's. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_suppressions();
// NOLINTEND(bugprone-reserved-identifier)

const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:second_deadlock_stack=1";
}

const char* __tsan_default_suppressions() {
  return "race:libgrpc.so\n"
         "race:libgrpc++.so\n"
         "race:/usr/include/grpcpp/\n";
}
