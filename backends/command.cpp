#include "backends/kinds.hpp"

#include <algorithm>

#include "backends/cli_process.hpp"
#include "backends/error_meaning.hpp"
#include "backends/retry_notice.hpp"
#include "core/base/json.hpp"
#include "core/base/pieces.hpp"
#include "core/run/failure_rules.hpp"

// Any other CLI, described in the configuration: how it takes the prompt, where its answer is, what its errors mean.
namespace delegate {
namespace {

constexpr std::string_view kPromptFile = "{prompt_file}";

bool is_text(const Task& task) { return task.settings.answer == "text"; }
bool is_lines(const Task& task) { return task.settings.answer.starts_with("jsonl:"); }

/// The pointer of `json:/pointer` and `jsonl:/pointer`; validated when the configuration was read.
Json::json_pointer pointer_of(const Task& task) {
  return Json::json_pointer(task.settings.answer.substr(task.settings.answer.find(':') + 1));
}

/// All of them are elements of one list, or they stand one after the other.
RecordLine records_of(const std::string& output) {
  RecordLine out;
  if (!trim(output).starts_with('[')) return records_in(output);
  const auto list = parse_object("{\"list\":" + output + "}");
  if (!list) return records_in(output);
  for (const Json& record : at(*list, "/list"))
    if (record.is_object()) out.records.push_back(record);
  return out;
}

/// It may report its own retries. Once it answers, what it prints there concerns the person only.
void read_error_line(ParsedOutput& parsed, const Task& task, std::string_view line) {
  if (!parsed.text.empty()) return;
  read_retry_line(parsed, Vendor::other, line, [&](const std::string& words) {
    Failure failure = failure_of_words(Vendor::other, words, Outcome::exited_nonzero);
    apply_rules(task.settings, {words}, failure);
    return failure;
  });
}

constexpr Hint kHints[] = {
    {Outcome::bad_request, "leave --session out: this backend has no sessions ({session})"},
    {Outcome::cannot_write, "if it can, set backends.{name}.can = [\"write_files\"]"},
    {Outcome::bad_output, "set backends.{name}.answer to where its output has the answer",
     "Check backends.{name}.answer."},
};

class Command final : public CliBackend {
 public:
  std::string_view kind() const override { return "command"; }
  Capabilities capabilities(const BackendSettings& settings) const override {
    Capabilities can;
    for (const Capability one : {Capability::read_files, Capability::write_files, Capability::run_commands})
      if (std::find(settings.can.begin(), settings.can.end(), to_string(one)) != settings.can.end()) can.add(one);
    if (!settings.answer.starts_with("json:")) can.add(Capability::stream);
    return can;
  }
  bool announces_start() const override { return false; }  // its output is the answer

  tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>&) const override {
    ProcessCall call = start_call(task);
    call.env = child_environment(task, own_keys(task));
    if (task.settings.prompt == "stdin") {
      call.input = prompt_with_system(task);
      return call;
    }
    call.files.push_back({std::string(kPromptFile), prompt_with_system(task)});
    const bool placed = std::any_of(call.argv.begin(), call.argv.end(),
                                    [](const auto& word) { return word.find(kPromptFile) != std::string::npos; });
    if (!placed) call.argv.emplace_back(kPromptFile);
    return call;
  }

  void read(ParsedOutput& parsed, const Task& task, Stream stream, std::string_view line) const override {
    if (stream == Stream::err) return read_error_line(parsed, task, line);
    parsed.text_grows = is_text(task) || is_lines(task);
    if (!is_lines(task)) {
      parsed.text += line;
      return;
    }
    for (const Json& record : take_records(parsed, line))
      append_piece(parsed.text, parsed.cut, piece_of(at(record, pointer_of(task))));
  }

  void conclude(ParsedOutput& parsed, const Task& task) const override {
    if (!is_text(task) && !is_lines(task)) {
      const std::string output = std::move(parsed.text);
      parsed.text.clear();
      const RecordLine read = is_too_long(output, parsed) ? RecordLine() : records_of(output);
      parsed.unreadable += read.is_damaged ? 1 : 0;
      for (const Json& record : read.records)  // the last one that has an answer
        if (std::string found = text_of(at(record, pointer_of(task))); !trim(found).empty())
          parsed.text = std::move(found);
    }
    parsed.end_text();
    while (parsed.text.ends_with('\n') || parsed.text.ends_with('\r'))
      parsed.text.pop_back();  // not part of the answer
    parsed.complete = parsed.has_words();
    if (parsed.complete) forget_retries(parsed);
  }

  std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const override {
    for (const std::string_view text : {raw.err, raw.out})
      if (auto known = configured_failure(task.settings, text)) return known;
    if (raw.exit_code == 0) return std::nullopt;
    return CliBackend::explain(parsed, task, raw);
  }

  std::span<const Hint> hints() const override { return kHints; }
};

}  // namespace

const Backend& command_backend() {
  static const Command backend;
  return backend;
}

}  // namespace delegate
