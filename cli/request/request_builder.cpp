#include "cli/request/request_builder.hpp"

#include <filesystem>

#include "core/base/text.hpp"
#include "core/os/input.hpp"
#include "core/run/writers.hpp"

namespace delegate::cli {
namespace {

constexpr const char* kNoDash = "it must not begin with a dash";

std::string quoted(const std::string& text) { return "'" + one_line(text, 80) + "'"; }

bool looks_like_flag(const std::string& text) { return text.starts_with("-"); }

}  // namespace

/// Reads the parts of one prompt, which share one limit.
class RequestBuilder::PromptReader {
 public:
  explicit PromptReader(const RequestBuilder& builder) : builder_(builder) {}

  Result<std::string> standard_input() {
    return read(builder_.process_.in, "stdin", "delegate: waiting for stdin; use --no-stdin if there is no input");
  }

  Result<Material> file(const std::string& name) {
    const std::string field = names().option("file") + ": " + one_line(name, 200);
    const auto fd = open_input(Path(builder_.process_.cwd) / name);
    if (!fd) return names().usage(field + ": " + fd.error().what);
    if (input_kind(fd->get()) == InputKind::directory)
      return names().usage(field + ": is a directory", "name the files in it, each with -f");
    TRY(std::string text, read(fd->get(), field, "delegate: waiting for " + one_line(name, 200)));
    return Material{name, std::move(text)};
  }

  Result<Material> attached(const Material& material) {
    const std::string field = names().option("files") + ": " + one_line(material.name, 200);
    if (material.text.size() > kMaxRequest - total_) return reading_failed({Code::resource_exhausted, {}, {}}, field);
    TRY(std::string text, text_from(material.text, field));
    return Material{material.name, std::move(text)};
  }

 private:
  const FieldNames& names() const { return builder_.names_; }
  void notify(const std::string& line) const {
    if (builder_.notify_) builder_.notify_(line);
  }

  /// `field` names the source in errors.
  Result<std::string> read(int fd, const std::string& field, const std::string& waiting) {
    const InputLimits limits{.bytes = kMaxRequest - total_, .on_slow = [&] { notify(waiting); }};
    const auto bytes = read_input(fd, limits, builder_.process_.interrupted);
    if (!bytes) return reading_failed(bytes.error(), field);
    return text_from(*bytes, field);
  }

  Result<std::string> text_from(const std::string& bytes, const std::string& field) {
    total_ += bytes.size();
    if (const std::size_t at = bytes.find('\0'); at != std::string::npos)
      return names().usage(field + ": is binary (a zero byte at offset " + std::to_string(at) + ")",
                           "only text can be sent to a model");
    std::string text = valid_utf8(bytes);
    if (text != bytes) notify("delegate: " + field + ": bytes that are not UTF-8 were replaced");
    return text;
  }

  tl::unexpected<Error> reading_failed(const Error& error, const std::string& field) const {
    if (error.code == Code::cancelled) return fail(Code::cancelled, "interrupted while reading " + field);
    if (error.code == Code::resource_exhausted)
      return names().usage(field + ": too long: prompt, files and stdin may have 64 MB together", "attach less");
    return names().fail(error.code, field + ": cannot be read: " + error.what);
  }

  const RequestBuilder& builder_;
  std::size_t total_ = 0;  // bytes read
};

std::optional<Tier> tier_named(std::string_view name) {
  if (name == "small") return Tier::small;
  if (name == "medium") return Tier::medium;
  return name == "large" ? std::optional(Tier::large) : std::nullopt;
}

RequestBuilder::RequestBuilder(const ProcessFacts& process, const Config& config, FieldNames names, Notify notify)
    : process_(process), config_(config), names_(std::move(names)), notify_(std::move(notify)) {}

Status RequestBuilder::read_names(const RequestInput& input, Request& request) const {
  const bool is_named = input.backend != kAuto;
  if (is_named && config_.backend(input.backend) == nullptr) {
    const std::string where = (names_.command.empty() ? "" : names_.command + ": ") + names_.option("backend");
    Error unknown = unknown_backend(where, config_, input.backend, AutoBackend::allowed);
    if (!names_.are_options) unknown.hint.clear();  // it names a command
    return tl::unexpected(std::move(unknown));
  }
  if (!is_named && !input.model.empty())
    return names_.usage(names_.option("model") + " needs " + names_.option("backend"),
                        names_.are_options ? "a model's name means something at one backend only; or use --tier"
                                           : "Set backend too, or use tier instead of model.");
  if (looks_like_flag(input.model))
    return names_.usage_of("model", quoted(input.model) + " looks like a flag", kNoDash);
  if (looks_like_flag(input.session))
    return names_.usage_of("session", quoted(input.session) + " looks like a flag", kNoDash);
  request.backend = input.backend;
  request.model = input.model;
  request.session = input.session;
  return {};
}

Status RequestBuilder::read_directory(const RequestInput& input, Request& request) const {
  request.cwd = input.cwd.empty() ? process_.cwd : (Path(process_.cwd) / input.cwd).lexically_normal().string();
  if (request.cwd.empty())
    return names_.fail(Code::not_found, "the working directory does not exist any more",
                       "name one with " + std::string(names_.are_options ? "-C DIR" : "cwd"));
  const std::string field = names_.option("cwd") + ": " + one_line(request.cwd);
  std::error_code unreachable;
  const auto status = std::filesystem::status(request.cwd, unreachable);
  if (unreachable) return names_.fail(Code::not_found, field + ": " + errno_text(unreachable.value()));
  if (!std::filesystem::is_directory(status)) return names_.usage(field + ": is not a directory");
  std::error_code unreadable;  // a path that cannot be resolved is used as it was given
  const Path real = std::filesystem::canonical(request.cwd, unreadable);
  if (!unreadable) request.cwd = real.string();
  return {};
}

Status RequestBuilder::check_access(const RequestInput& input, Request& request) const {
  const bool may_write = input.access == Access::write;
  if (input.continue_writing && !may_write)
    return names_.usage(names_.option(names_.are_options ? "continue-writing" : "continue_writing") + " needs " +
                        names_.option("write"));
  if (!input.isolation) return {};
  if (!may_write) return names_.usage(names_.option("isolate") + " needs " + names_.option("write"));
  std::error_code unreadable;
  // A directory without HEAD is none of git's: the sandboxes of some CLIs leave an empty one.
  const Path git = Path(work_tree_of(request.cwd)) / ".git";
  if (!std::filesystem::is_regular_file(git, unreadable) && !std::filesystem::exists(git / "HEAD", unreadable))
    return names_.usage_of("isolate", one_line(request.cwd) + " is in no git work tree",
                           "the copy is made of one; outside of git only a direct change is possible");
  for (std::string& path : request.isolation->with) {
    const Path whole = (Path(request.cwd) / path).lexically_normal();
    if (!std::filesystem::exists(std::filesystem::symlink_status(whole, unreadable)))
      return names_.usage_of("isolate-with", one_line(path) + ": no such file or directory");
    path = whole.string();
  }
  return {};
}

Status RequestBuilder::read_prompt(const RequestInput& input, Request& request) const {
  PromptReader reader(*this);
  const bool reads_stdin = input.standard_input == RequestInput::Stdin::read;
  const InputKind kind = reads_stdin ? input_kind(process_.in) : InputKind::nothing;
  if (kind == InputKind::directory)
    return names_.usage("stdin: is a directory", "attach the files in it, each with -f");
  if (!input.prompt) {
    if (kind == InputKind::nothing)
      return names_.usage("no prompt", reads_stdin ? "give it as an argument, or on stdin"
                                                   : "give it as an argument, or leave --no-stdin out");
    if (kind == InputKind::terminal && notify_) notify_("delegate: type the prompt, then Ctrl-D");
    TRY(request.prompt, reader.standard_input());
  } else {
    request.prompt = valid_utf8(*input.prompt);
  }
  if (trim(request.prompt).empty())
    return names_.usage("the prompt is empty", names_.are_options ? "give it as an argument, or on stdin" : "");
  for (const std::string& file : input.files) {
    TRY(Material material, reader.file(file));
    request.materials.push_back(std::move(material));
  }
  for (const Material& material : input.attached) {
    TRY(Material checked, reader.attached(material));
    request.materials.push_back(std::move(checked));
  }
  if (!input.prompt || kind != InputKind::stream) return {};
  TRY(std::string context, reader.standard_input());
  if (!context.empty()) request.materials.push_back({{}, std::move(context)});
  return {};
}

Result<Request> RequestBuilder::build(const RequestInput& input) const {
  Request request{.system = valid_utf8(input.system),
                  .type = input.type,
                  .tier = input.tier,
                  .access = input.access,
                  .continue_writing = input.continue_writing,
                  .isolation = input.isolation,
                  .timeout = input.timeout,
                  .fallback = input.fallback,
                  .streaming = input.streaming,
                  .slot_wait = input.slot_wait};
  TRY_STATUS(read_names(input, request));
  TRY_STATUS(read_directory(input, request));
  TRY_STATUS(check_access(input, request));
  if (request.timeout && *request.timeout <= milliseconds(0))
    return names_.usage_of("timeout", "must be longer than 0", "a number with a unit: 90s, 5m");
  TRY_STATUS(read_prompt(input, request));
  return request;
}

Error unknown_backend(const std::string& where, const Config& config, const std::string& name, AutoBackend automatic) {
  std::vector<std::string> names;
  if (automatic == AutoBackend::allowed) names.emplace_back(kAuto);
  for (const auto& [known, settings] : config.backends) names.push_back(known);
  for (std::string& candidate : config.candidates())
    if (!candidate_name(candidate).login.empty()) names.push_back(std::move(candidate));
  return {Code::not_found, where + ": unknown backend " + quoted(name) + " (available: " + join(names, ", ") + ")",
          did_you_mean(nearest(name, names), "see `delegate backends`")};
}

}  // namespace delegate::cli
