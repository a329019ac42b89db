#include "cli/drill/fake_backend.hpp"

#include <chrono>

#include "cli/drill/fake_behavior.hpp"
#include "cli/drill/fake_server.hpp"
#include "core/base/json.hpp"

// A fake backend of the drill: a process with the output of the real CLI of its kind.
namespace delegate::cli::drill {
namespace {

constexpr std::size_t kLongestPrompt = 64u << 20;
constexpr const char* kNoSession = "00000000-0000-4000-8000-000000000000";

/// What it prints, and its exit code.
struct Script {
  std::string begin;  // before the model is called
  std::string rest;
  std::string err;
  int exit_code = 0;
};

std::string lines(std::initializer_list<Json> events) {
  std::string out;
  for (const Json& event : events) out += dump(event) + "\n";
  return out;
}

Script gemini(FakeBehavior behavior, const std::string& prompt, const std::string& answer) {
  if (behavior == FakeBehavior::signed_out)
    return {.err = "Please set an Auth method in your settings.json or specify GEMINI_API_KEY\n", .exit_code = 41};
  Script script{.begin = lines({{{"type", "init"}, {"session_id", kNoSession}, {"model", "stand-in"}},
                                {{"type", "message"}, {"role", "user"}, {"content", prompt}}})};
  if (behavior == FakeBehavior::server_error) {
    const char* words = R"([API Error: {"error":{"code":500,"message":"An internal error has occurred."}}])";
    script.rest = lines({{{"type", "result"}, {"status", "error"}, {"error", {{"message", words}}}}});
    script.exit_code = 500 & 0xFF;
    return script;
  }
  script.rest =
      lines({{{"type", "message"}, {"role", "assistant"}, {"content", answer}, {"delta", true}},
             {{"type", "result"}, {"status", "success"}, {"stats", {{"input_tokens", 11}, {"output_tokens", 7}}}}});
  return script;
}

Script claude(FakeBehavior behavior, const std::string& answer) {
  Script script{.begin = lines({{{"type", "system"}, {"subtype", "init"}, {"session_id", kNoSession}}})};
  Json result{{"type", "result"},  {"subtype", "success"}, {"session_id", kNoSession},
              {"is_error", false}, {"result", answer},     {"usage", {{"input_tokens", 11}, {"output_tokens", 7}}}};
  if (behavior == FakeBehavior::server_error) {
    result.update({{"is_error", true}, {"api_error_status", 500}, {"result", "API Error: 500 Internal server error."}});
    script.exit_code = 1;
  }
  if (behavior == FakeBehavior::signed_out) {
    result.update({{"is_error", true}, {"result", "Not logged in · Please run /login"}});
    script.exit_code = 1;
  }
  script.rest = lines({result});
  return script;
}

Script codex(FakeBehavior behavior, const std::string& answer) {
  Script script{.begin = lines({{{"type", "thread.started"}, {"thread_id", kNoSession}}, {{"type", "turn.started"}}})};
  const auto fail_with = [&](const char* words) {
    script.rest = lines({{{"type", "turn.failed"}, {"error", {{"message", words}}}}});
    script.exit_code = 1;
    return script;
  };
  if (behavior == FakeBehavior::server_error) return fail_with("unexpected status 500 Internal Server Error");
  if (behavior == FakeBehavior::signed_out) return fail_with("unexpected status 401 Unauthorized");
  script.rest = lines({{{"type", "item.completed"}, {"item", {{"type", "agent_message"}, {"text", answer}}}},
                       {{"type", "turn.completed"}, {"usage", {{"input_tokens", 11}, {"output_tokens", 7}}}}});
  return script;
}

/// The answer in the place that the configuration names.
Script any_command(FakeBehavior behavior, const std::string& place, const std::string& answer) {
  if (behavior == FakeBehavior::server_error || behavior == FakeBehavior::signed_out)
    return {.exit_code = 1};  // no text that a failure rule could match
  if (place == "text") return {.rest = answer + "\n"};
  Json json = answer;
  for (Json::json_pointer at(place.substr(place.find(':') + 1)); !at.empty(); at.pop_back()) {
    Json outer = Json::object();
    outer[at.back()] = std::move(json);
    json = std::move(outer);
  }
  return {.rest = dump(json) + "\n"};
}

std::optional<Script> script_of(const std::string& kind, const Part& part, FakeBehavior behavior,
                                const std::string& prompt) {
  const std::string answer = answer_of(part.read(kNameFile), prompt);
  if (kind == "gemini") return gemini(behavior, prompt, answer);
  if (kind == "claude") return claude(behavior, answer);
  if (kind == "codex") return codex(behavior, answer);
  if (kind == "command") return any_command(behavior, part.read(kAnswerFile), answer);
  return std::nullopt;
}

void wait_until_stopped(const World& world) { static_cast<void>(world.interrupted.cancelled_within(kLongestStep)); }

Status say(const World& world, const Part& part, FakeBehavior behavior, const Script& script) {
  TRY_STATUS(write_all(world.out, script.begin));
  if (behavior == FakeBehavior::hangs) {
    wait_until_stopped(world);
    return {};
  }
  if (behavior == FakeBehavior::waits) part.wait_for_release();
  TRY_STATUS(write_all(world.out, script.rest));
  return write_all(world.err, script.err);
}

Result<int> play(const World& world, const std::string& kind, const Part& part, const std::vector<std::string>& words) {
  const auto behavior = part.behavior();
  if (!behavior) return not_in_drill();
  const bool from_file = kind == "command" && part.read(kPromptFile) == "file";
  TRY(const std::string prompt, from_file ? read_file(words.back()) : read_all(world.in, kLongestPrompt));
  const auto script = script_of(kind, part, *behavior, prompt);
  if (!script) return not_in_drill();
  TRY_STATUS(part.note_start());
  TRY_STATUS(say(world, part, *behavior, *script));
  return world.interrupted.cancelled() ? 128 + world.signal : script->exit_code;
}

}  // namespace

Result<int> run_fake_backend(const World& world, const std::string& kind, std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "--") arguments.erase(arguments.begin());
  const Path place = arguments.empty() ? Path() : Path(arguments.front());
  return kind == kServerKind ? serve(world, place) : play(world, kind, Part(place), arguments);
}

}  // namespace delegate::cli::drill
