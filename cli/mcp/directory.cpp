#include "cli/mcp/directory.hpp"

#include <filesystem>

#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::server {
namespace {

bool is_everything(const World& world, const std::string& directory) {
  std::error_code not_there;
  if (std::filesystem::weakly_canonical(directory, not_there) == "/") return true;
  std::error_code other;  // neither there: then they are not the same
  return std::filesystem::equivalent(directory, world.variable("HOME"), other);
}

}  // namespace

Result<std::string> directory_for(const World& world, const std::string& cwd, Reads reads) {
  if (!cwd.empty() && !cwd.starts_with('/'))
    return fail(Code::invalid_argument, "cwd: " + one_line(cwd, 200) + " is not an absolute path");
  std::string directory = cwd.empty() ? world.variable("CLAUDE_PROJECT_DIR") : cwd;
  if (!directory.starts_with('/')) directory = world.cwd;
  if (reads == Reads::files && is_everything(world, directory))
    return fail(Code::invalid_argument, "cwd: " + one_line(directory, 200) + " is not the directory of a project",
                "name the directory that the agent may read with cwd");
  return directory;
}

}  // namespace delegate::cli::server
