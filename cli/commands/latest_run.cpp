#include "cli/commands/latest_run.hpp"

#include "core/base/text.hpp"
#include "core/inspect/history.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {

Result<std::string> id_of_latest_run(const Engine& engine, std::string_view command) {
  TRY(const auto runs, inspect::latest_runs(engine, {.most = 1}));
  if (runs.empty()) return fail(Code::not_found, std::string(command) + ": there is no run yet");
  return runs.front().row.id;
}

Result<std::string> directory_of_runs(const World& world, const std::string& directory) {
  std::error_code failed;
  const Path path = std::filesystem::canonical(Path(world.cwd) / directory, failed);
  if (failed) return fail(Code::invalid_argument, "runs: --dir: " + one_line(directory, 200) + ": " + failed.message());
  return path.string();
}

void drop_expired_answer(RunRow& row, milliseconds now) {
  if (row.answer_until && *row.answer_until <= now) row.answer.reset();
}

}  // namespace delegate::cli
