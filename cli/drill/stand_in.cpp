#include <poll.h>

#include <chrono>

#include "cli/commands/commands.hpp"
#include "cli/drill/mood.hpp"
#include "cli/drill/server.hpp"
#include "cli/exit_code.hpp"
#include "core/base/json.hpp"

// One of the drill's backends: a process that speaks as the real CLI of its kind does when it has no terminal.
namespace delegate::cli {
namespace drill {
namespace {

constexpr std::size_t kLongestPrompt = 64u << 20;
constexpr const char* kNoSession = "00000000-0000-4000-8000-000000000000";

/// What it prints, and how it ends.
struct Speech {
  std::string begin;  // before the model is asked
  std::string rest;
  std::string err;
  int exit_code = 0;
};

std::string lines(std::initializer_list<Json> events) {
  std::string out;
  for (const Json& event : events) out += dump(event) + "\n";
  return out;
}

Speech gemini(Mood mood, const std::string& prompt, const std::string& answer) {
  if (mood == Mood::signed_out)
    return {.err = "Please set an Auth method in your settings.json or specify GEMINI_API_KEY\n", .exit_code = 41};
  Speech speech{.begin = lines({{{"type", "init"}, {"session_id", kNoSession}, {"model", "stand-in"}},
                                {{"type", "message"}, {"role", "user"}, {"content", prompt}}})};
  if (mood == Mood::sick) {
    const char* words = R"([API Error: {"error":{"code":500,"message":"An internal error has occurred."}}])";
    speech.rest = lines({{{"type", "result"}, {"status", "error"}, {"error", {{"message", words}}}}});
    speech.exit_code = 500 & 0xFF;
    return speech;
  }
  speech.rest =
      lines({{{"type", "message"}, {"role", "assistant"}, {"content", answer}, {"delta", true}},
             {{"type", "result"}, {"status", "success"}, {"stats", {{"input_tokens", 11}, {"output_tokens", 7}}}}});
  return speech;
}

Speech claude(Mood mood, const std::string& answer) {
  Speech speech{.begin = lines({{{"type", "system"}, {"subtype", "init"}, {"session_id", kNoSession}}})};
  Json result{{"type", "result"},  {"subtype", "success"}, {"session_id", kNoSession},
              {"is_error", false}, {"result", answer},     {"usage", {{"input_tokens", 11}, {"output_tokens", 7}}}};
  if (mood == Mood::sick) {
    result.update({{"is_error", true}, {"api_error_status", 500}, {"result", "API Error: 500 Internal server error."}});
    speech.exit_code = 1;
  }
  if (mood == Mood::signed_out) {
    result.update({{"is_error", true}, {"result", "Not logged in · Please run /login"}});
    speech.exit_code = 1;
  }
  speech.rest = lines({result});
  return speech;
}

Speech codex(Mood mood, const std::string& answer) {
  Speech speech{.begin = lines({{{"type", "thread.started"}, {"thread_id", kNoSession}}, {{"type", "turn.started"}}})};
  const auto fail_with = [&](const char* words) {
    speech.rest = lines({{{"type", "turn.failed"}, {"error", {{"message", words}}}}});
    speech.exit_code = 1;
    return speech;
  };
  if (mood == Mood::sick) return fail_with("unexpected status 500 Internal Server Error");
  if (mood == Mood::signed_out) return fail_with("unexpected status 401 Unauthorized");
  speech.rest = lines({{{"type", "item.completed"}, {"item", {{"type", "agent_message"}, {"text", answer}}}},
                       {{"type", "turn.completed"}, {"usage", {{"input_tokens", 11}, {"output_tokens", 7}}}}});
  return speech;
}

/// The answer where the configuration looks for it.
Speech any_command(Mood mood, const std::string& place, const std::string& answer) {
  if (mood == Mood::sick || mood == Mood::signed_out) return {.exit_code = 1};  // no word that a rule could take up
  if (place == "text") return {.rest = answer + "\n"};
  Json json = answer;
  for (Json::json_pointer at(place.substr(place.find(':') + 1)); !at.empty(); at.pop_back()) {
    Json outer = Json::object();
    outer[at.back()] = std::move(json);
    json = std::move(outer);
  }
  return {.rest = dump(json) + "\n"};
}

std::optional<Speech> speech_of(const std::string& kind, const Part& part, Mood mood, const std::string& prompt) {
  const std::string answer = answer_of(part.read(kNameFile), prompt);
  if (kind == "gemini") return gemini(mood, prompt, answer);
  if (kind == "claude") return claude(mood, answer);
  if (kind == "codex") return codex(mood, answer);
  if (kind == "command") return any_command(mood, part.read(kAnswerFile), answer);
  return std::nullopt;
}

void sleep_until_stopped(const World& world) {
  pollfd stopped{world.interrupted.fd(), POLLIN, 0};
  ::poll(&stopped, 1, static_cast<int>(milliseconds(kLongestWait).count()));
}

Status say(const World& world, const Part& part, Mood mood, const Speech& speech) {
  TRY_STATUS(write_all(world.out, speech.begin));
  if (mood == Mood::silent) {
    sleep_until_stopped(world);
    return {};
  }
  if (mood == Mood::waits) part.wait_to_be_let_go();
  TRY_STATUS(write_all(world.out, speech.rest));
  return write_all(world.err, speech.err);
}

Result<int> play(const World& world, const std::string& kind, const Part& part, const std::vector<std::string>& words) {
  const auto mood = part.mood();
  if (!mood) return no_drill_here();
  const bool from_file = kind == "command" && part.read(kPromptFile) == "file";
  TRY(const std::string prompt, from_file ? read_file(words.back()) : read_all(world.in, kLongestPrompt));
  const auto speech = speech_of(kind, part, *mood, prompt);
  if (!speech) return no_drill_here();
  TRY_STATUS(part.note_start());
  TRY_STATUS(say(world, part, *mood, *speech));
  return world.interrupted.cancelled() ? 128 + world.signal : speech->exit_code;
}

}  // namespace
}  // namespace drill

int run_stand_in(const World& world, const StandInCommand& command) {
  std::vector<std::string> words = command.words;
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  const Path place = words.empty() ? Path() : Path(words.front());
  const auto code = command.kind == drill::kServerKind ? drill::serve(world, place)
                                                       : drill::play(world, command.kind, drill::Part(place), words);
  if (code) return *code;
  Output(world).failure(code.error(), "usage");
  return kUsage;
}

}  // namespace delegate::cli
