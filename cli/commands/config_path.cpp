#include <filesystem>
#include <system_error>

#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "core/base/json.hpp"
#include "core/config/paths.hpp"
#include "core/config/project_file.hpp"
#include "core/config/report.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kConfigPathOptions[] = {json_flag("Print JSON")};

/// A place that the configuration or the state may be read from, and what was found there.
struct Row {
  std::string what;
  std::string where;
  std::string state;
};

bool is_there(const std::string& path) {
  std::error_code unknown;  // a place that cannot be looked at counts as empty
  return std::filesystem::exists(std::filesystem::symlink_status(path, unknown));
}

Row stored(const char* what, const std::string& path) {
  if (path.empty()) return {what, "", "no place: neither XDG_STATE_HOME nor HOME is set"};
  return {what, path, is_there(path) ? "exists" : "not created yet"};
}

std::string file_state(const Result<Configured>& configured, const std::string& path) {
  if (!is_there(path)) return "not there";
  if (!configured) return configured.error().what;
  return "used";
}

Row user_row(const World& world, const std::string& named, const Result<Configured>& configured) {
  if (!named.empty()) return {"named", named, file_state(configured, (Path(world.cwd) / named).string())};
  const std::string path = user_config_path(world);
  if (path.empty()) return {"yours", "", "no place: neither XDG_CONFIG_HOME nor HOME is set"};
  Row row{"yours", path, file_state(configured, path)};
  if (row.state == "not there") row.state += "; `delegate config init` writes one";
  return row;
}

Row project_row(const World& world, bool named, const Result<Configured>& configured) {
  if (named) return {"project", "", "not looked for: a file was named"};
  const auto search = search_project_file(world, world.cwd);
  if (!search) return {"project", "", search.error().what};
  if (!search->file) return {"project", "", "none: " + search->ended};
  Row row{"project", search->file->path, "used"};
  if (!search->file->ignored.empty()) row.state = "ignored: " + search->file->ignored;
  else if (!configured) row.state = "there";
  else if (configured->sources.project_trust == ProjectTrust::trusted) row.state = "used, trusted";
  else if (configured->sources.project_trust == ProjectTrust::changed) row.state = "changed since it was trusted";
  else if (verdict_on(*configured).lacks_trust) row.state = "not trusted";
  else if (!configured->loaded.ignored.empty()) row.state = "used in part: not trusted";
  return row;
}

Row environment_row(const Result<Configured>& configured) {
  const auto names = configured ? variables_of(configured->loaded.config) : std::vector<std::string>{};
  return {"environment", join(names, ", "), names.empty() ? "no DELEGATE_* variables set" : "used"};
}

std::string rows_json(const std::vector<Row>& rows) {
  OrderedJson places = OrderedJson::array();
  for (const Row& row : rows) {
    OrderedJson place{{"what", row.what}};
    if (!row.where.empty()) place["where"] = row.where;
    place["state"] = row.state;
    places.push_back(place);
  }
  const OrderedJson json{{"schema", "delegate.config_path/1"}, {"places", places}};
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

CommandResult run_config_path(const CommandContext& context, const NoOptions&) {
  const World& world = context.world;
  const std::string named = world.config_file.empty() ? world.variable("DELEGATE_CONFIG") : world.config_file;
  const auto configured = configure(world, world.config_file, world.cwd);
  const StateSettings state = configured ? configured->loaded.config.state : StateSettings{};
  const std::vector<Row> rows{
      environment_row(configured), project_row(world, !named.empty(), configured), user_row(world, named, configured),
      state.store == "sqlite" ? stored("state", state_path(world, state)) : Row{"state", "", "kept in " + state.store},
      stored("trust", trusted_path(world))};
  if (world.json) return context.output.answer(rows_json(rows) + "\n");
  std::vector<std::vector<std::string>> cells{{"WHAT", "STATE", "WHERE"}};
  for (const Row& row : rows)
    cells.push_back({row.what, one_line(row.state, 200), one_line(with_tilde(world, row.where), 1000)});
  return context.output.answer(table(cells));
}

}  // namespace

extern constexpr CommandRow kConfigPath{.name = "config path",
                                        .group = kSetUpGroup,
                                        .help = "List the files that are read",
                                        .options = kConfigPathOptions,
                                        .run = run_with<run_config_path>};

}  // namespace delegate::cli
