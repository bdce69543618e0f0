// Options of the form KEY=VALUE, which may be given several times.
#pragma once

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace am::amctl {

using KeyValues = std::map<std::string, std::string>;

// As labels are.
void AddKeyValues(CLI::App& app, const std::string& name, KeyValues& values,
                  const std::string& help);

// The same for metadata of a call: keys are of lower-case letters, digits and
// "-_.", and not of those that are kept ("am-", "grpc-"); values are ASCII.
void AddMetadata(CLI::App& app, const std::string& name, KeyValues& values,
                 const std::string& help);

}  // namespace am::amctl
