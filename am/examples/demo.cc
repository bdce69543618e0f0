// Three processes talk in all three patterns: tools/dev demo.
//
//   client, this one  ------------>  worker    serves Inference
//                     -> gateway ->            has the worker compute
#include <string>

#include "am/examples/demo_client.h"
#include "am/examples/demo_server.h"

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "client";
  if (role == "worker") {
    am::examples::ServeAsWorker();
  } else if (role == "gateway" && argc > 2) {
    am::examples::ServeAsGateway(argv[2]);
  } else {
    am::examples::RunAsClient();
  }
}
