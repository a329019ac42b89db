#include "core/config/load.hpp"

#include "tests/fuzz/property.hpp"

// A configuration file that anybody may have written, as one's own and as a project's.
using namespace delegate;

namespace {

/// The whole configuration as a file.
std::string file_of(const Config& config) {
  std::string out;
  for (const ConfigValue& value : values_of(config)) out += value.key + " = " + to_toml(value.value) + "\n";
  return out;
}

void check_words(const LoadedConfig& loaded) {
  for (const auto& list : {loaded.problems, loaded.warnings})
    for (const ConfigProblem& problem : list) {
      fuzz::hold(fuzz::is_one_line(to_string(problem)), "a problem is one line");
      fuzz::hold(fuzz::is_one_line(problem.hint), "a hint is one line");
      fuzz::hold(!problem.what.empty(), "a problem says what is wrong");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(fuzz::text_of(bytes, size));
  ConfigSources own;
  own.user_file = ConfigFile{"/home/anna/delegate.toml", text};
  const LoadedConfig loaded = load_config(own);
  check_words(loaded);

  ConfigSources project;
  project.project_file = ConfigFile{"/src/delegate.toml", text};
  const LoadedConfig untrusted = load_config(project);
  check_words(untrusted);
  fuzz::hold(loaded.problems.empty() || !untrusted.problems.empty(),
             "what is wrong in one's own file is wrong in a project's");
  if (!loaded.problems.empty()) return 0;

  ConfigSources shown;
  shown.user_file = ConfigFile{"/home/anna/delegate.toml", file_of(loaded.config)};
  const LoadedConfig again = load_config(shown);
  for (const ConfigProblem& problem : again.problems) std::fprintf(stderr, "%s\n", to_string(problem).c_str());
  fuzz::hold(again.problems.empty(), "what is shown can be read");
  fuzz::hold(again.config.backends == loaded.config.backends && again.config.router == loaded.config.router &&
                 flatten(again.config) == flatten(loaded.config),
             "what is shown means the same");
  return 0;
}
