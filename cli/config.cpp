#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render.hpp"

namespace delegate::cli {

int run_config_check(const World& world, const Configured& configured, const ConfigCommand& command) {
  const Output output(world);
  const auto& problems = configured.loaded.problems;
  std::vector<std::string> files;
  for (const auto& file : {configured.sources.user_file, configured.sources.project_file})
    if (file) files.push_back(file->path);
  const int code = problems.empty() ? kAnswered : kConfiguration;
  if (command.json) {
    const int written = output.answer(to_json(problems, files) + "\n");
    return written != 0 ? written : code;
  }
  for (const ConfigProblem& problem : problems)
    output.error({Code::invalid_argument, to_string(problem), problem.hint});
  if (!problems.empty()) return code;
  const std::string read = files.empty() ? "no file: the built-in values are used" : join(files, ", ");
  return output.answer("configuration is valid (" + read + ")\n");
}

}  // namespace delegate::cli
