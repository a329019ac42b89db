#include "cli/mcp/ask_request.hpp"

#include "cli/mcp/call_directory.hpp"
#include "cli/request/request_builder.hpp"
#include "cli/session.hpp"
#include "core/base/text.hpp"
#include "core/config/configured.hpp"
#include "core/os/rooted_tree.hpp"
#include "core/run/writers.hpp"

namespace delegate::cli::server {
namespace {

/// Only a named model without tools certainly reads no files.
Reads reads_of(const Config& config, const std::string& backend) {
  const BackendSettings* settings = config.backend(backend);
  const bool has_no_tools = settings != nullptr && (settings->kind == "ollama" || settings->kind == "openai");
  return has_no_tools ? Reads::nothing : Reads::files;
}

constexpr std::size_t kMostFiles = 100;
/// The files that a call attaches. Only those of its project: a model that was misled by what it has read must not send
/// others to a vendor.
class AttachedFiles {
 public:
  /// `named`: the directory as the call names it; its real path is that of the tree.
  AttachedFiles(const RootedTree& tree, std::string named) : tree_(tree), named_(std::move(named)) {}

  Status add(const std::string& name) {
    const std::string where = "files: " + one_line(name, 200);
    const auto refuse = [&](const std::string& why, std::string hint = {}) {
      return fail(Code::invalid_argument, where + ": " + why, std::move(hint));
    };
    const std::string path = path_below(name);
    if (path.empty())
      return refuse("is not below cwd, which is " + one_line(tree_.root().string(), 200), "Name files below cwd.");
    const auto facts = tree_.look(path);
    if (!facts) return refuse(facts.error().what);
    switch (facts->kind) {
      case FileFacts::Kind::regular: break;
      case FileFacts::Kind::absent: return refuse("no such file");
      case FileFacts::Kind::directory: return refuse("is a directory", "Name the files in it.");
      case FileFacts::Kind::link:
      case FileFacts::Kind::blocked:
        return refuse("is a symbolic link or below one, or below a file", "Name the file itself.");
      case FileFacts::Kind::other: return refuse("is not a file");
    }
    if (facts->size > kMaxRequest - bytes_)
      return refuse("too long: prompt and files may have 64 MB together", "Attach less.");
    auto text = tree_.read(path, kMaxRequest - bytes_);
    if (!text) return refuse("cannot be read: " + text.error().what);
    bytes_ += text->size();
    files_.push_back({name, *std::move(text)});
    return {};
  }
  std::vector<Material> take() { return std::move(files_); }

 private:
  /// Relative to the directory; empty: it is not below it.
  std::string path_below(const std::string& name) const {
    if (name.empty()) return {};
    for (const Path& root : {tree_.root(), Path(named_)}) {
      Path path = (root / name).lexically_normal().lexically_relative(root.lexically_normal());
      if (!path.has_filename()) path = path.parent_path();  // "a/b/"
      if (!path.empty() && path != "." && *path.begin() != "..") return path.string();
    }
    return {};
  }

  const RootedTree& tree_;
  std::string named_;
  std::size_t bytes_ = 0;
  std::vector<Material> files_;
};

Result<std::vector<Material>> files_of(const mcp::Json& arguments, const std::string& directory) {
  if (!arguments.contains("files") || arguments["files"].empty()) return std::vector<Material>();
  if (arguments["files"].size() > kMostFiles)
    return fail(Code::invalid_argument, "files: more than " + std::to_string(kMostFiles), "Attach fewer.");
  const std::string named = text_argument(arguments, "cwd");
  TRY(const RootedTree tree, RootedTree::open(directory));
  AttachedFiles files(tree, named.empty() ? directory : named);
  for (const mcp::Json& name : arguments["files"]) TRY_STATUS(files.add(name.get<std::string>()));
  return files.take();
}

std::optional<Tier> tier_of(const mcp::Json& arguments) { return tier_named(text_argument(arguments, "tier")); }
std::optional<TaskType> type_of(const mcp::Json& arguments) {
  return task_type_named(text_argument(arguments, "type"));
}

Result<RequestInput> input_of(const mcp::Json& arguments, const std::string& directory, bool may_write) {
  if (arguments.contains("tier") && arguments.contains("model"))
    return fail(Code::invalid_argument, "tier cannot be combined with model", "Leave one of them out.");
  TRY(std::vector<Material> files, files_of(arguments, directory));
  RequestInput input{.prompt = text_argument(arguments, "prompt"),
                     .standard_input = RequestInput::Stdin::ignore,
                     .attached = std::move(files),
                     .model = text_argument(arguments, "model"),
                     .tier = tier_of(arguments),
                     .type = type_of(arguments),
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

Error for_model(const Error& error) {
  constexpr std::string_view kOption = "--config: ";  // of the server, which the model has not started
  return {error.code, error.what.starts_with(kOption) ? error.what.substr(kOption.size()) : error.what,
          "Only the user can correct delegate's configuration: report it to them."};
}

Status check_usable(const LoadedConfig& loaded) {
  if (loaded.problems.empty()) return {};
  const ConfigProblem& first = loaded.problems.front();
  return fail(Code::invalid_argument, to_string(first), first.hint);
}

Result<AskRequest> request_from(const World& world, const std::string& config_file, const mcp::Json& arguments,
                                bool may_write) {
  TRY(const CallDirectory directory, directory_for(world, text_argument(arguments, "cwd")));
  const auto read = configure(world, config_file, directory.path);
  if (!read) return tl::unexpected(for_model(read.error()));
  const Configured& configured = *read;
  const bool has_files = arguments.contains("files") && !arguments["files"].empty();
  const Reads reads =
      has_files ? Reads::files : reads_of(configured.loaded.config, text_argument(arguments, "backend"));
  TRY_STATUS(check_directory(world, configured.loaded.config.state, directory, reads));
  // The copy is one of the whole work tree.
  if (flag_argument(arguments, "isolate"))
    TRY_STATUS(
        check_directory(world, configured.loaded.config.state, {directory.where, work_tree_of(directory.path)}, reads));
  if (const Status usable = check_usable(configured.loaded); !usable) return tl::unexpected(for_model(usable.error()));
  TRY(const RequestInput input, input_of(arguments, directory.path, may_write));
  std::vector<std::string> notes;
  const auto note = [&](const std::string& line) {
    constexpr std::string_view kProgram = "delegate: ";
    notes.push_back(line.starts_with(kProgram) ? line.substr(kProgram.size()) : line);
  };
  const RequestBuilder builder(world, configured.loaded.config, FieldNames{}, note);
  TRY(Request request, builder.build(input));
  if (!input.session.empty()) {
    const Host host(world, configured.loaded.config);
    TRY_STATUS(builder.resolve_session(input, host.engine(), request));
  }
  // Without the hints, which are for the person: the agent is not to trust a file.
  for (const Error& notice : configured.notices) notes.push_back(notice.what);
  return AskRequest{std::move(request), std::move(notes)};
}

}  // namespace delegate::cli::server
