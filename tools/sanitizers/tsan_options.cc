// Debian's libzmq, gRPC and Abseil are not built for ThreadSanitizer, which
// hence cannot see how they synchronise and would report races in what they do.
//
// Only gRPC's headers are named below: its inlined code runs in our modules. A
// race in a handler is still reported, even one that a gRPC thread runs.

// The names are TSan's. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_suppressions();
// NOLINTEND(bugprone-reserved-identifier)

const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:second_deadlock_stack=1";
}

const char* __tsan_default_suppressions() {
  return "race_top:/usr/include/grpcpp/\n"
         "race:/usr/include/grpcpp/impl/call_op_set.h\n"
         "race:/usr/include/grpcpp/impl/codegen/interceptor_common.h\n";
}
