#include "cli/mcp/ask_request.hpp"

#include "cli/mcp/call_directory.hpp"
#include "cli/request/request_builder.hpp"
#include "cli/session.hpp"
#include "core/base/ids.hpp"
#include "core/base/text.hpp"
#include "core/config/configured.hpp"
#include "core/run/writers.hpp"

namespace delegate::cli::server {
namespace {

/// Only a named model without tools certainly reads no files.
Reads reads_of(const Config& config, const std::string& backend) {
  const BackendSettings* settings = config.backend(backend);
  const bool has_no_tools = settings != nullptr && (settings->kind == "ollama" || settings->kind == "openai");
  return has_no_tools ? Reads::nothing : Reads::files;
}

RequestInput input_of(const mcp::Json& arguments, const std::string& directory, bool may_write) {
  RequestInput input{.prompt = text_argument(arguments, "prompt"),
                     .standard_input = RequestInput::Stdin::ignore,
                     .model = text_argument(arguments, "model"),
                     .session = text_argument(arguments, "session"),
                     .cwd = directory,
                     .access = may_write && flag_argument(arguments, "write") ? Access::write : Access::read_only,
                     .continue_writing = flag_argument(arguments, "continue_writing")};
  if (flag_argument(arguments, "isolate")) input.isolation.emplace();
  if (arguments.contains("backend")) input.backend = text_argument(arguments, "backend");
  if (arguments.contains("timeout_s")) input.timeout = std::chrono::seconds(number_argument(arguments, "timeout_s", 0));
  return input;
}

}  // namespace

std::string text_argument(const mcp::Json& arguments, const char* key) {
  return arguments.contains(key) ? arguments[key].get<std::string>() : std::string();
}
int number_argument(const mcp::Json& arguments, const char* key, int otherwise) {
  return arguments.contains(key) ? arguments[key].get<int>() : otherwise;
}
bool flag_argument(const mcp::Json& arguments, const char* key) {
  return arguments.contains(key) && arguments[key].get<bool>();
}

Status check_usable(const LoadedConfig& loaded) {
  if (loaded.problems.empty()) return {};
  const ConfigProblem& first = loaded.problems.front();
  return fail(Code::invalid_argument, to_string(first), first.hint);
}

Result<AskRequest> request_from(const World& world, const std::string& config_file, const mcp::Json& arguments,
                                bool may_write) {
  TRY(const CallDirectory directory, directory_for(world, text_argument(arguments, "cwd")));
  TRY(const Configured configured, configure(world, config_file, directory.path));
  const Reads reads = reads_of(configured.loaded.config, text_argument(arguments, "backend"));
  TRY_STATUS(check_directory(world, configured.loaded.config.state, directory, reads));
  // The copy is one of the whole work tree.
  if (flag_argument(arguments, "isolate"))
    TRY_STATUS(
        check_directory(world, configured.loaded.config.state, {directory.where, work_tree_of(directory.path)}, reads));
  TRY_STATUS(check_usable(configured.loaded));
  const RequestInput input = input_of(arguments, directory.path, may_write);
  const RequestBuilder builder(world, configured.loaded.config, FieldNames{});
  TRY(Request request, builder.build(input));
  const Host host(world, configured.loaded.config);
  TRY_STATUS(builder.resolve_session(input, host.engine(), request));
  request.run_id = make_run_id(world.clock.now().wall);
  Remarks remarks;  // without the hints, which are for the person: the agent is not to trust a file
  for (const Error& notice : configured.notices) remarks.push_back({.text = notice.what});
  return AskRequest{std::move(request), std::move(remarks)};
}

}  // namespace delegate::cli::server
