#include "core/notify/notification_text.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

#include "backends/registry.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/run/hints.hpp"

// What people read on a desktop, for every outcome. docs/notifications.md shows some of it.
using namespace delegate;
using namespace delegate::notify;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds kNoonOfText{1'795'262'400'000};  // 2026-11-21 12:00 UTC

struct Backends {
  Backends() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    for (const auto& [name, kind] : kBackends) {
      BackendSettings& one = known[name];
      one = built_in_config().backends.contains(kind) ? built_in_config().backends.at(kind) : BackendSettings{};
      one.name = name;
      one.kind = kind;
      if (kind == std::string("openai")) one.url = "http://127.0.0.1:8080/v1";
      if (kind == std::string("command")) one.command = {"/opt/private/mine"};
    }
    facts.words_for = [this](const NotificationRow& row) { return words(row.subject, row.outcome); };
  }

  OutageWords words(const std::string& name, const std::string& outcome) const {
    Task task;
    if (known.contains(name)) task.settings = known.at(name);
    task.settings.name = name;
    task.environment = environment;
    const Backend* backend = task.settings.kind.empty() ? nullptr : find_backend(task.settings.kind);
    return {std::string(notice_title_for(backend, task, outcome)), notice_for(backend, task, outcome)};
  }
  NotificationRow trip(const std::string& name, const std::string& outcome) const {
    return {.kind = "trip",
            .subject = name,
            .outcome = outcome,
            .first_seen = kNoonOfText,
            .retry_at = kNoonOfText + 4h + 38min};
  }
  NotificationText text(const std::string& name, const std::string& outcome) const {
    return text_of_trips({trip(name, outcome)}, facts);
  }

  std::string joint(const std::vector<std::pair<const char*, const char*>>& out) const {
    NotificationRows trips;
    for (const auto& [name, outcome] : out) trips.push_back(trip(name, outcome));
    return text_of_trips(trips, facts).message;
  }

  static constexpr std::pair<const char*, const char*> kBackends[] = {
      {"gemini", "gemini"}, {"codex", "codex"},        {"claude", "claude"}, {"claude@work", "claude"},
      {"ollama", "ollama"}, {"workstation", "openai"}, {"mine", "command"}};
  std::map<std::string, BackendSettings> known;
  Environment environment = {};
  OutageFacts facts{.now = kNoonOfText, .answering = {{"ollama", "qwen3:8b"}}, .settings = {}, .words_for = {}};
};

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Of a text that is broken between words.
std::size_t wrapped_lines(const std::string& text) {
  std::size_t lines = 0;
  for (const std::string_view line : split(text, '\n')) {
    std::size_t column = 0;
    ++lines;
    for (const std::string_view word : split(line, ' ')) {
      const std::size_t size = characters(std::string(word));
      const bool fits = column == 0 || column + 1 + size <= kLongestLine;
      if (!fits) ++lines;
      column = fits && column > 0 ? column + 1 + size : size;
    }
  }
  return lines;
}

struct Row {
  const char* backend;
  const char* outcome;
  const char* title;
  const char* message;  // to the substitute
};
constexpr Row kTexts[] = {
    {"gemini", "unauthenticated", "gemini: signed out", "Run gemini and sign in again."},
    {"codex", "unauthenticated", "codex: signed out", "Run codex login."},
    {"claude", "unauthenticated", "claude: signed out", "Run /login in claude."},
    {"claude@work", "unauthenticated", "claude@work: signed out",
     "Run delegate ping claude@work: it says how to sign in."},
    {"mine", "unauthenticated", "mine: signed out", "Run delegate ping mine to see what is wrong."},
    {"workstation", "unauthenticated", "workstation: signed out",
     "Set its API key with backends.workstation.api_key_env."},
    {"ollama", "unauthenticated", "ollama: signed out", "Run ollama signin."},
    {"claude", "rate_limited", "claude: rate limited", ""},
    {"codex", "quota_exhausted", "codex: quota used up", ""},
    {"gemini", "overloaded", "gemini: overloaded", ""},
    {"gemini", "server_error", "gemini: server error", ""},
    {"ollama", "unreachable", "ollama: not running", "Run ollama serve to start it."},
    {"workstation", "connect_timeout", "workstation: not running", "Start its server."},
    {"claude", "unreachable", "claude: unreachable", "Check the network connection."},
    {"claude", "dropped", "claude: connection lost", "Check the network connection."},
    {"claude", "send_failed", "claude: connection lost", "Check the network connection."},
    {"codex", "timed_out", "codex: timed out", "Raise backends.codex.timeout if it needs longer."},
    {"codex", "timed_out_active", "codex: timed out", "Raise backends.codex.timeout if it needs longer."},
    {"codex", "idle_timed_out", "codex: no output", "Run delegate ping codex to see what is wrong."},
    {"codex", "stalled_tool", "codex: stuck in a tool", "See what its tool waits for."},
    {"codex", "exited_nonzero", "codex: crashed", "Run codex to see what is wrong with it."},
    {"workstation", "exited_nonzero", "workstation: crashed", "Run delegate ping workstation to see what is wrong."},
    {"codex", "lost_result", "codex: no result", "Run delegate ping codex to see what is wrong."},
    {"codex", "bad_output", "codex: bad output",
     "Run delegate backends --check: delegate may not support its version."},
    {"ollama", "bad_output", "ollama: bad output", "Check backends.ollama.url and OLLAMA_HOST."},
    {"codex", "rejects_requests", "codex: rejects requests",
     "Run delegate backends --check: delegate may not support its version."},
    {"old", "of a later version", "old: unavailable", "Run delegate ping old to see what is wrong."},
};

}  // namespace

TEST_CASE("a notification begins with what to do, then says what answers, and until when") {
  const Backends backends;
  for (const Row& row : kTexts) {
    const NotificationText text = backends.text(row.backend, row.outcome);
    CAPTURE(row.backend, row.outcome);
    CHECK(text.title == row.title);
    const std::string first = row.message;
    const std::string name =
        row.backend == std::string("ollama") ? "No other backend can answer." : "ollama (qwen3:8b) answers meanwhile.";
    CHECK(text.message == (first.empty()
                               ? "Tried again with the first question after 16:38; ollama (qwen3:8b) answers meanwhile."
                               : first + " " + name + " Tried again with the first question after 16:38."));
  }
}

TEST_CASE("for every outcome and backend the title fits, and what to do is in the first line of the message") {
  const Backends backends;
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i)
    for (const auto& [name, kind] : Backends::kBackends) {
      const std::string outcome(to_string(static_cast<Outcome>(i)));
      const NotificationText text = backends.text(name, outcome);
      CAPTURE(name, outcome, text.message);
      CHECK(characters(text.title) <= kLongestTitle);
      CHECK(text.title.starts_with(std::string(name) + ": "));  // whole
      CHECK(text.message.size() <= 200);
      CHECK(text.message.find('`') == std::string::npos);
      CHECK(text.message.find('{') == std::string::npos);
      CHECK(text.message.find("/opt") == std::string::npos);
      CHECK(text.message.find("private") == std::string::npos);
      const std::string remedy = backends.words(name, outcome).remedy;
      CHECK(remedy.ends_with('.'));
      if (std::find(kTripOutcomes.begin(), kTripOutcomes.end(), outcome) != kTripOutcomes.end())
        CHECK(remedy.size() <= 70);
    }
}

TEST_CASE("a notification and the hint on stderr name the same command") {
  const Backends backends;
  for (const char* name : {"gemini", "codex", "claude"}) {
    Task task;
    task.settings = backends.known.at(name);
    const std::string hint = hint_for(*find_backend(name), task, Failure{.outcome = Outcome::unauthenticated});
    std::string first_words = backends.words(name, "unauthenticated").remedy.substr(4);  // after "Run "
    first_words.resize(first_words.find_first_of(" ."));
    CHECK(hint.find(first_words) != std::string::npos);
  }
}

TEST_CASE("a name that is too long for the title keeps both ends, and is in the message in full") {
  const Backends backends;
  const std::string name = "corporate-gateway-in-frankfurt@alice";
  const NotificationText text = backends.text(name, "unauthenticated");
  CHECK(text.title == "corporate-ga…alice: signed out");
  CHECK(characters(text.title) == kLongestTitle);
  CHECK(text.message.ends_with("(" + name + ")"));
}

TEST_CASE("a time on another day is shown with its day, and one that has passed is not shown") {
  const Backends backends;
  NotificationRow trip = backends.trip("codex", "quota_exhausted");
  trip.retry_at = kNoonOfText + 36h;
  CHECK(text_of_trips({trip}, backends.facts)
            .message.starts_with("Tried again with the first question after 00:00 on 23 Nov; ollama"));
  trip.retry_at = kNoonOfText - 1s;
  CHECK(text_of_trips({trip}, backends.facts).message ==
        "Tried again with the next question; ollama (qwen3:8b) answers meanwhile.");
  trip.retry_at.reset();
  CHECK(text_of_trips({trip}, backends.facts).message == "Nothing to do. ollama (qwen3:8b) answers meanwhile.");
}

TEST_CASE("the substitute is not the backend that is announced, and a long model is shortened") {
  Backends backends;
  backends.facts.answering = {{"gemini"}, {"local", "hf.co/unsloth/Qwen3-Coder-30B-GGUF:Q4_K_M"}};
  CHECK(backends.text("gemini", "unauthenticated")
            .message.starts_with("Run gemini and sign in again. local (Qwen3-Coder-30B-…:Q4_K_M) answers meanwhile."));
  backends.facts.answering.clear();
  CHECK(backends.text("gemini", "unauthenticated")
            .message.starts_with("Run gemini and sign in again. No other backend can answer."));
  CHECK(backends.text("gemini", "rate_limited").message ==
        "Tried again with the first question after 16:38; no other backend can answer.");
}

TEST_CASE("a joint notice has a line for each backend, those that need a person first, and then what answers") {
  const Backends backends;
  NotificationRow quota = backends.trip("codex", "quota_exhausted");
  quota.retry_at = kNoonOfText + 28h + 30min;
  const NotificationText two = text_of_trips({quota, backends.trip("gemini", "unauthenticated")}, backends.facts);
  CHECK(two.title == "codex and gemini: unavailable");
  CHECK(two.message ==
        "gemini: run gemini and sign in\n"
        "codex: quota back 16:30, 22 Nov\n"
        "ollama (qwen3:8b) answers");
  CHECK(backends.joint({{"codex", "rate_limited"}, {"ollama", "unreachable"}}) ==
        "ollama: not running, retry 16:38\n"
        "codex: rate limited until 16:38\n"
        "Run ollama serve\n"
        "No other backend can answer");
}

TEST_CASE("a joint notice gives advice that holds for all of its backends, and else says where to look") {
  const Backends backends;
  CHECK(backends.joint({{"codex", "unreachable"}, {"claude", "unreachable"}}) ==
        "codex: unreachable, retry 16:38\n"
        "claude: unreachable, retry 16:38\n"
        "Check the network connection\n"
        "ollama (qwen3:8b) answers");
  CHECK(backends.joint({{"codex", "timed_out"}, {"gemini", "idle_timed_out"}}) ==
        "codex: timed out, retry 16:38\n"
        "gemini: no output, retry 16:38\n"
        "See delegate status\n"
        "ollama (qwen3:8b) answers");
}

TEST_CASE("a joint notice about two backends has four lines where 32 characters fit into one") {
  Backends backends;
  backends.facts.answering = {{"workstation", "hf.co/unsloth/Qwen3-Coder-30B-GGUF:Q4_K_M"}};
  constexpr const char* kUsual[] = {"unauthenticated", "quota_exhausted", "rate_limited", "overloaded",
                                    "server_error",    "unreachable",     "timed_out",    "idle_timed_out"};
  for (const auto& [one, other] : {std::pair("codex", "gemini"), std::pair("claude", "gemini"),
                                   std::pair("claude", "codex"), std::pair("codex", "ollama")})
    for (const char* first : kUsual)
      for (const char* second : kUsual) {
        const std::string message = backends.joint({{one, first}, {other, second}});
        CAPTURE(message);
        CHECK(wrapped_lines(message) <= kMostLines);
      }
}

TEST_CASE("the time of a joint notice on another day, of quotas that are used up, fits into its line") {
  const Backends backends;
  NotificationRows trips{backends.trip("claude", "quota_exhausted"), backends.trip("gemini", "quota_exhausted")};
  for (NotificationRow& trip : trips) trip.retry_at = kNoonOfText + 28h + 30min;
  const std::string message = text_of_trips(trips, backends.facts).message;
  CHECK(message ==
        "claude: quota back 16:30, 22 Nov\n"
        "gemini: quota back 16:30, 22 Nov\n"
        "ollama (qwen3:8b) answers");
  CHECK(wrapped_lines(message) == 3);
}

TEST_CASE("a joint notice names three backends, and of more it says how many there are") {
  const Backends backends;
  const std::vector<std::pair<const char*, const char*>> three{
      {"codex", "rate_limited"}, {"gemini", "timed_out"}, {"claude", "unauthenticated"}};
  CHECK(backends.joint(three) ==
        "claude: run /login in claude\n"
        "gemini: timed out, retry 16:38\n"
        "codex: rate limited until 16:38\n"
        "ollama (qwen3:8b) answers");
  auto four = three;
  four.emplace_back("workstation", "server_error");
  CHECK(backends.joint(four) ==
        "claude: run /login in claude\n"
        "gemini: timed out, retry 16:38\n"
        "and 2 more: delegate status\n"
        "ollama (qwen3:8b) answers");
  NotificationRows trips;
  for (const auto& [name, outcome] : four) trips.push_back(backends.trip(name, outcome));
  CHECK(text_of_trips(trips, backends.facts).title == "4 backends: unavailable");
}

TEST_CASE("an unstable backend's notice says how many outages, where to look, and until when it is silent") {
  const Backends backends;
  const NotificationText text =
      text_of_unstable(backends.trip("gemini", "timed_out"),
                       {.damping = Damping::unstable, .outages = 3, .span = 12min}, backends.facts);
  CHECK(text.title == "gemini: unstable");
  CHECK(
      text.message ==
      "3 outages in 12 m, the last one: timed out. See delegate status. Further ones are not announced until there was "
      "none for 30 m. ollama (qwen3:8b) answers meanwhile.");
  CHECK(text_of_unstable(backends.trip("gemini", "rate_limited"), {.damping = Damping::unstable}, backends.facts)
            .message.ends_with("answers meanwhile. Tried again with the first question after 16:38."));
}

TEST_CASE("a recovery says how long the outage took, and what is still out") {
  const Backends backends;
  NotificationRow trip = backends.trip("gemini", "unauthenticated");
  trip.id = 1;
  const NotificationRow recovery{.id = 2, .kind = "recovery", .subject = "gemini", .first_seen = kNoonOfText + 12min};
  const NotificationText text = text_of_recoveries({recovery}, {trip, recovery}, {}, backends.facts);
  CHECK(text.title == "gemini: works again");
  CHECK(text.message == "It was unavailable for 12 m.");
  CHECK(text_of_recoveries({recovery}, {trip, recovery}, {backends.trip("codex", "unauthenticated")}, backends.facts)
            .message == "codex still out: run codex login\ngemini: was unavailable for 12 m.");
  NotificationRow other = recovery;
  other.id = 3;
  other.subject = "codex";
  CHECK(text_of_recoveries({recovery, other}, {trip, recovery, other}, {}, backends.facts).title ==
        "gemini and codex: work again");
}

TEST_CASE("a test notification looks like a trip, and says that it is none") {
  const Backends backends;
  const NotificationText text = text_of_sample("gemini", backends.facts);
  CHECK(text.title == "Test: gemini: signed out");
  CHECK(text.message ==
        "Run gemini and sign in again. ollama (qwen3:8b) answers meanwhile. Tried again with the first question after "
        "12:01.");
  CHECK(characters(text_of_sample("corporate-gateway-in-frankfurt", backends.facts).title) <= kLongestTitle);
}

TEST_CASE("a model's name shows no directory and no control character, and none if it is an odd one") {
  Backends backends;
  const auto meanwhile = [&](const std::string& model) {
    backends.facts.answering = {{"local", model}};
    const std::string message = backends.text("gemini", "rate_limited").message;
    return message.substr(message.find("; ") + 2);
  };
  CHECK(meanwhile("/home/alice/secret/qwen3-8b.gguf") == "local (qwen3-8b.gguf) answers meanwhile.");
  CHECK(meanwhile("C:\\Users\\alice\\qwen3.gguf") == "local (qwen3.gguf) answers meanwhile.");
  CHECK(meanwhile("hf.co/unsloth/Qwen3-Coder-30B-GGUF:Q4_K_M") ==
        "local (Qwen3-Coder-30B-…:Q4_K_M) answers meanwhile.");
  for (const char* odd : {"a\x1B[31mb", "two\nlines", "\xff", "a model", "/home/alice/", "<b>"})
    CHECK(meanwhile(odd) == "local answers meanwhile.");
}

TEST_CASE("only a server on this machine is said to be not running") {
  Backends backends;
  const auto said = [&](const char* name, const char* url) {
    backends.known.at(name).url = url;
    const OutageWords words = backends.words(name, "unreachable");
    return words.cause + ": " + words.remedy;
  };
  CHECK(said("workstation", "http://127.0.0.1:8080/v1") == "not running: Start its server.");
  CHECK(said("workstation", "https://localhost:8080/v1") == "not running: Start its server.");
  CHECK(said("ollama", "http://[::1]:11434") == "not running: Run ollama serve to start it.");
  for (const char* url : {"https://api.example.com/v1", "http://workstation.example.com:8080/v1", "http://192.0.2.7"}) {
    CHECK(said("workstation", url) == "unreachable: Check the network connection.");
    CHECK(said("ollama", url) == "unreachable: Check the network connection.");
  }
}

TEST_CASE("the server that OLLAMA_HOST names is said to be not running only if it is on this machine") {
  Backends backends;
  const auto said = [&](const std::string& host) {
    backends.environment["OLLAMA_HOST"] = host;
    const OutageWords words = backends.words("ollama", "unreachable");
    return words.cause + ": " + words.remedy;
  };
  for (const char* host : {"", "0.0.0.0", "localhost:8080", "http://[::1]"})
    CHECK(said(host) == "not running: Run ollama serve to start it.");
  for (const char* host : {"192.0.2.7", "gpu.example.com:11434", "https://ollama.com"})
    CHECK(said(host) == "unreachable: Check the network connection.");
  backends.known.at("ollama").url = "http://127.0.0.1:11434";  // the settings come first
  CHECK(said("192.0.2.7") == "not running: Run ollama serve to start it.");
}

TEST_CASE("no interpreter, and not the program of another login, is named as what to run") {
  Backends backends;
  backends.known.at("mine").command = {"/bin/sh", "x.sh"};
  for (const char* outcome : {"unauthenticated", "exited_nonzero"})
    CHECK(backends.words("mine", outcome).remedy == "Run delegate ping mine to see what is wrong.");
  CHECK(backends.words("claude@work", "exited_nonzero").remedy ==
        "Run delegate ping claude@work to see what is wrong.");
}
