#include <array>
#include <functional>

#include "backends/error_meaning.hpp"
#include "backends/ollama_models.hpp"
#include "backends/registry.hpp"
#include "cli/setup/settings_text.hpp"
#include "core/base/json.hpp"
#include "core/base/pieces.hpp"
#include "core/base/redact.hpp"
#include "core/config/load.hpp"
#include "core/mcp/connection.hpp"
#include "core/mcp/id_scanner.hpp"
#include "core/mcp/input.hpp"
#include "core/notify/body_markup.hpp"
#include "core/notify/notice.hpp"
#include "core/run/echoes.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/judge.hpp"
#include "core/run/output_delta.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reader.hpp"
#include "core/run/reset_time.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/fuzz/steps.hpp"

// Foreign text of four times the length takes about four times the steps, whatever reads it. An input has lines: what
// reads it (the name of a row below), how the text begins, what is repeated (`#` is the number of the repetition), how
// it ends; `\n` in them is a newline.
using namespace delegate;

namespace {

constexpr std::size_t kChunk = 61;  // bytes that arrive at a time

Task task_of(std::string_view kind) {
  Task task{.prompt = "hello", .executable = "/usr/bin/tool"};
  task.settings.name = "mine";
  task.settings.kind = std::string(kind.substr(0, kind.find(' ')));
  task.settings.command = {"tool"};
  if (kind.find(' ') != std::string_view::npos) task.settings.answer = std::string(kind.substr(kind.find(' ') + 1));
  return task;
}

/// As a call does it: read in pieces, with what is new of each, then judged.
void call(std::string_view kind, Stream stream, std::string_view text) {
  const Task task = task_of(kind);
  const Backend& backend = *find_backend(task.settings.kind);
  ParsedOutput parsed;
  DeltaTracker tracker;
  const OnParsed on_parsed = [&](const ParsedOutput& now) { static_cast<void>(tracker.since_last(now)); };
  Reader reader(backend, task, Deadline::never(), parsed, on_parsed);
  for (std::size_t at = 0; at < text.size(); at += kChunk) reader.take(stream, text.substr(at, kChunk));
  reader.finish();
  if (!backend.is_process()) {
    for (const int status : {200, 400}) {
      HttpResult result{.status = status, .body = std::string(text.substr(0, 64u << 10))};
      result.end = HttpEnd::complete;
      ParsedOutput again = parsed;
      static_cast<void>(judge_http(backend, task, again, result));
    }
    return;
  }
  for (const int code : {0, 1}) {
    ChildResult result;
    result.out = result.err = HeadAndTail(64u << 10, 64u << 10);
    (stream == Stream::err ? result.err : result.out).add(text);
    result.input_written = true;
    result.exit_code = code;
    ParsedOutput again = parsed;
    static_cast<void>(judge_process(backend, task, again, result));
  }
  backend.recover(parsed, std::string(text));
}

void look_up(std::string_view kind, const std::string& model, std::string_view text) {
  Task task = task_of(kind);
  task.model = model;
  const Backend& backend = *find_backend(task.settings.kind);
  const HttpResult result{.status = 200, .body = std::string(text)};
  const std::vector<HttpResult> answers{result, result, result};
  static_cast<void>(backend.prepare(task, answers));
  static_cast<void>(backend.choose_model(task, answers));
  static_cast<void>(backend.lookup(task, {result, result}));
}

/// A client without an application behind it.
class Silent : public mcp::Service {
 public:
  Silent() { capabilities_.info.name = "fuzz"; }
  const mcp::Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const mcp::Call&, const std::string&, const mcp::Json&) override {}
  void read_resource(const mcp::Call&, const std::string&) override {}
  void cancelled(mcp::CallId, mcp::CancelledBy) override {}

 private:
  mcp::Capabilities capabilities_;
};

void serve(std::string_view text) {
  Silent service;
  mcp::Connection connection(service, {});
  for (std::size_t at = 0; at < text.size(); at += kChunk) connection.feed(text.substr(at, kChunk));
  connection.end_of_input();
  static_cast<void>(connection.take_output());
}

void redact(std::string_view text) {
  static const Redactor redactor({{"A_TOKEN", "a1b2c3d4e5f6"}, {"B_SECRET", "\\x1y2z3\\\""}, {"C_KEY", "11111111"}},
                                 {.keys = {"C_KEY"}});
  static_cast<void>(redactor(std::string(text)));
}

void show(std::string_view text) {
  for (const std::string& shown :
       {one_line(text), escape_controls(text), without_directories(text), cut_to_columns(text, 80), lower(text)})
    static_cast<void>(display_width(shown));
  static_cast<void>(contains_word(text, "model"));
  static_cast<void>(contains_ignoring_case(text, "rate limit"));
  static_cast<void>(notify::desktop::body_markup(text));
  static_cast<void>(notify::desktop::notice_of(text));
  static_cast<void>(notify::desktop::notice_result_of(text));
  std::string joined;
  std::string cut;
  for (std::size_t at = 0; at < text.size(); at += 3) append_piece(joined, cut, text.substr(at, 3));
}

void understand(std::string_view text) {
  for (const Vendor vendor : {Vendor::claude, Vendor::codex, Vendor::gemini, Vendor::server, Vendor::other}) {
    static_cast<void>(meaning_of(vendor, text));
    static_cast<void>(meaning_of_lines(vendor, text));
  }
  static_cast<void>(stated_wait(text));
  static_cast<void>(stated_reset(text, milliseconds{1'795'000'000'000}, "UTC"));
  static_cast<void>(last_error_line(text));
  static_cast<void>(last_lines(text));
  static_cast<void>(matches("a+b", text));
}

void echo(std::string_view text) {
  for (const auto kept : {Echoes::Kept::none, Echoes::Kept::quoted_error, Echoes::Kept::whole_line}) {
    Echoes echoes(text);
    static_cast<void>(echoes.masked(text, kept));
    Echoes others("the prompt of a person, which is rather long\nand has a second line");
    static_cast<void>(others.masked(text, kept));
  }
}

void parse(std::string_view text) {
  static_cast<void>(parse_object(text));
  static_cast<void>(records_in(text));
  static_cast<void>(mcp::read_json(text));
}

void think(std::string_view text) {
  for (const bool is_thinker : {false, true}) {
    SpokenText spoken;
    if (is_thinker) spoken.expect_thinking();
    else spoken.note_thought();
    std::string answer;
    for (std::size_t at = 0; at < text.size(); at += 5) spoken.add(answer, text.substr(at, 5));
    spoken.finish(answer);
  }
}

void scan_for_id(std::string_view text) {
  mcp::IdScanner scanner;
  for (std::size_t at = 0; at < text.size(); at += kChunk) scanner.read(text.substr(at, kChunk));
  static_cast<void>(scanner.request_id());
}

void configure(std::string_view text) {
  ConfigSources own;
  own.user_file = ConfigFile{"/home/anna/delegate.toml", std::string(text)};
  static_cast<void>(load_config(own));
  ConfigSources project;
  project.project_file = ConfigFile{"/src/delegate.toml", std::string(text)};
  static_cast<void>(load_config(project));
}

void edit(cli::setup::Language language, std::string_view text) {
  using namespace cli::setup;
  const KeyPath path{"servers", "delegate"};
  const auto changed = put_setting(language, text, path, {{"command", "delegate"}});
  if (changed) static_cast<void>(remove_setting(language, *changed, path));
}

struct Row {
  std::string_view name;
  std::function<void(std::string_view)> read;
};

const std::vector<Row>& rows() {
  const auto by = [](const char* kind, Stream stream) {
    return [kind, stream](std::string_view text) { call(kind, stream, text); };
  };
  static const std::vector<Row> rows{{"redact", redact},
                                     {"show", show},
                                     {"understand", understand},
                                     {"echo", echo},
                                     {"parse", parse},
                                     {"think", think},
                                     {"serve", serve},
                                     {"scan for id", scan_for_id},
                                     {"configure", configure},
                                     {"edit jsonc", [](auto text) { edit(cli::setup::Language::jsonc, text); }},
                                     {"edit toml", [](auto text) { edit(cli::setup::Language::toml, text); }},
                                     {"ollama models", [](std::string_view text) { look_up("ollama", "", text); }},
                                     {"ollama model", [](std::string_view text) { look_up("ollama", "none", text); }},
                                     {"openai models", [](std::string_view text) { look_up("openai", "", text); }},
                                     {"claude", by("claude", Stream::out)},
                                     {"claude err", by("claude", Stream::err)},
                                     {"codex", by("codex", Stream::out)},
                                     {"codex err", by("codex", Stream::err)},
                                     {"gemini", by("gemini", Stream::out)},
                                     {"gemini err", by("gemini", Stream::err)},
                                     {"gemini log", by("gemini", Stream::log)},
                                     {"ollama", by("ollama", Stream::out)},
                                     {"openai", by("openai", Stream::out)},
                                     {"command", by("command", Stream::out)},
                                     {"command err", by("command", Stream::err)},
                                     {"command json", by("command json:/a/b", Stream::out)},
                                     {"command jsonl", by("command jsonl:/text", Stream::out)}};
  return rows;
}

const Row& row_named(std::string_view name) {
  for (const Row& row : rows())
    if (row.name == name) return row;
  return rows()[fuzz::Numbers(name).below(rows().size())];
}

std::string unescaped(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool is_newline = line.substr(at, 2) == "\\n";
    out += is_newline ? '\n' : line[at];
    at += is_newline ? 1 : 0;
  }
  return out;
}

std::string text_of_size(const std::array<std::string, 3>& parts, std::size_t bytes) {
  std::string out = parts[0];
  for (int i = 0; out.size() < bytes; ++i)
    for (const char c : parts[1]) out += c == '#' ? std::to_string(i) : std::string(1, c);
  return out + parts[2];
}

std::uint64_t steps_of(const Row& row, const std::string& text) {
  const std::uint64_t before = fuzz::steps_taken();
  row.read(text);
  return fuzz::steps_taken() - before;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kShort = 2u << 10;
  static constexpr std::uint64_t kMostGrowth = 5;  // for four times the text; what takes time in the square has 16
  static constexpr std::uint64_t kSlack = 20'000;  // of what grows in leaps
  const auto lines = split(fuzz::text_of(bytes, size), '\n');
  std::array<std::string, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (i + 1 < lines.size()) parts[i] = unescaped(lines[i + 1]);
  if (parts[1].empty()) return 0;
  const Row& row = row_named(lines[0]);
  const auto steps_for = [&](std::size_t bytes) { return steps_of(row, text_of_size(parts, bytes)); };
  const auto is_steep = [](std::uint64_t few, std::uint64_t many) { return many > kMostGrowth * few + kSlack; };
  steps_for(kShort);  // makes what is made once
  const std::uint64_t few = steps_for(kShort);
  const std::uint64_t many = steps_for(4 * kShort);
  if (!is_steep(few, many)) return 0;
  // What begins, or ends, at some length looks steep there, too.
  const std::uint64_t most = steps_for(16 * kShort);
  if (is_steep(many, most))
    std::fprintf(stderr, "%s: %llu steps, %llu for a text that is four times as long, %llu for sixteen times\n",
                 std::string(row.name).c_str(), static_cast<unsigned long long>(few),
                 static_cast<unsigned long long>(many), static_cast<unsigned long long>(most));
  fuzz::hold(!is_steep(many, most), "the steps grow with the text");
  return 0;
}
