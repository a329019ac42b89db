#include "core/quota/windows.hpp"

#include "core/run/check.hpp"
#include "core/run/hedged_attempts.hpp"
#include "core/run/refresh_quota.hpp"
#include "tests/unit/run/asking.hpp"

// What calls say about the windows of their login, from the output to the store and to the row of the attempt.
using namespace delegate;
using namespace delegate::test;

namespace {

using Shares = std::vector<double>;

template <class Window>
Shares shares(const std::vector<Window>& windows) {
  Shares used;
  for (const Window& window : windows) used.push_back(window.used);
  return used;
}

Shares known_shares(Asking& asking, const std::string& backend) { return shares(asking.state(backend).quota.windows); }

void answer_with_share(Asking& asking, const std::string& share) {
  asking.backend("codex", {"--say", "used " + share, "--say", "hi"});
}

Candidate candidate_of(Asking& asking, const std::string& name) {
  auto candidate = find_candidate(asking.engine, name);
  REQUIRE(candidate);
  return *std::move(candidate);
}

void write_account(Asking& asking, const std::string& id) {
  asking.engine.environment["ACCOUNT_FILE"] = asking.file("account.json");
  std::ofstream(asking.file("account.json")) << "{\"id\": \"" << id << "\"}";
}

/// Collects what attempts print.
struct Ear final : AttemptListener {
  std::string heard;
  void on_output(int, const OutputDelta& delta) override { heard += delta.text; }
  Deadline tick() override { return Deadline::never(); }
};

AttemptOrder codex_order(Asking& asking, int number) {
  Candidate candidate = candidate_of(asking, "codex");
  candidate.task.prompt = "hello";
  auto admission = asking.breakers.admit(admission_request(asking.engine, candidate, ProbeTime::when_due));
  REQUIRE(std::holds_alternative<Permit>(admission));
  return {.run_id = "run-of-this-test",
          .number = number,
          .candidate = std::move(candidate),
          .permit = std::move(std::get<Permit>(admission)),
          .depth = 1};
}

}  // namespace

TEST_CASE("a call leaves what it heard about the windows, and its row has them before and after") {
  Asking asking;
  answer_with_share(asking, "0.37");
  const milliseconds before = wall_now();
  asking.ask();
  const auto windows = asking.state("codex").quota.windows;
  REQUIRE(windows.size() == 1);
  CHECK(windows[0].name == "five_hour");
  CHECK(windows[0].source == "call");
  CHECK(windows[0].heard_at >= before);
  CHECK(windows[0].heard_at <= wall_now());

  answer_with_share(asking, "0.41");
  const RunResult second = asking.ask();
  const auto rows = asking.store->ledger().attempts(second.run_id);
  REQUIRE(rows->size() == 1);
  CHECK(shares(rows->at(0).quota_before) == Shares{0.37});
  CHECK(shares(rows->at(0).quota_after) == Shares{0.41});
  CHECK(shares(second.attempts.at(0).quota_after) == Shares{0.41});
}

TEST_CASE("of two calls the reading that was heard later counts, whichever call ends first") {
  Asking asking;
  asking.backend("codex", {"--say", "used 0.5", "--say", "begun", "--wait-file", asking.file("go")}).max_parallel = 2;
  HedgedAttempts attempts(asking.engine, asking.never);
  Ear ear;
  attempts.start(codex_order(asking, 1));
  REQUIRE(eventually([&] {
    CHECK_FALSE(attempts.next(Deadline::in(1ms), ear));
    return ear.heard.find("begun") != std::string::npos;
  }));
  asking.backend("codex", {"--say", "used 0.4", "--say", "done"}).max_parallel = 2;
  attempts.start(codex_order(asking, 2));
  REQUIRE(attempts.next(Deadline::never(), ear)->number == 2);
  CHECK(known_shares(asking, "codex") == Shares{0.4});
  asking.touch("go");
  REQUIRE(attempts.next(Deadline::never(), ear)->number == 1);
  CHECK(known_shares(asking, "codex") == Shares{0.4});
}

TEST_CASE("a call that fails leaves what it heard, and one that says nothing changes nothing") {
  Asking asking;
  asking.backend("codex", {"--say", "used 0.9", "--exit", "3"});
  CHECK_FALSE(asking.ask().answer);
  CHECK(known_shares(asking, "codex") == Shares{0.9});
  asking.backend("codex", {"--say", "hi"});
  CHECK(asking.ask().answer);
  CHECK(known_shares(asking, "codex") == Shares{0.9});
}

TEST_CASE("a share that makes no sense is not taken") {
  Asking asking;
  answer_with_share(asking, GENERATE("nan", "-0.5", "inf"));
  CHECK(asking.ask().answer);
  CHECK(known_shares(asking, "codex") == Shares{});
}

TEST_CASE("what a call says that an untrusted file has changed is not taken for the login's") {
  Asking asking;
  answer_with_share(asking, "0.9");
  asking.config.backends["codex"].changed_by = {Distrust::everything, "/src/delegate.toml", {"backends.codex.model"}};
  CHECK(asking.ask().answer);
  CHECK(known_shares(asking, "codex") == Shares{});
}

TEST_CASE("windows of another account are forgotten, and its id is not stored") {
  Asking asking;
  write_account(asking, "first-account");
  answer_with_share(asking, "0.9");
  asking.ask();
  const std::string mark = asking.state("codex").quota.account;
  CHECK(mark.find("first-account") == std::string::npos);
  asking.ask();
  CHECK(asking.state("codex").quota.account == mark);

  write_account(asking, "second-account");
  answer_with_share(asking, "0.1");
  const RunResult result = asking.ask();
  CHECK(known_shares(asking, "codex") == Shares{0.1});
  CHECK(asking.state("codex").quota.account != mark);
}

TEST_CASE("the windows of the account before refuse no call of the one that is signed in now") {
  Asking asking;
  write_account(asking, "first-account");
  answer_with_share(asking, "0.9");
  asking.ask();
  BackendSettings& codex = asking.config.backends["codex"];
  SECTION("a reserve") { codex.reserve = {{"", 0.15}}; }
  SECTION("extra billing") {
    codex.overage = "avoid";
    REQUIRE(asking.store->update("codex", [](BackendState& state, const HostTime& now) {
      state.quota.windows.at(0).used = 1;
      state.quota.overage = {.in_use = true, .allowed = true, .credits = {}};
      state.quota.overage_heard_at = now.wall;
    }));
  }
  CHECK_FALSE(asking.ask().answer);
  const Candidate candidate = candidate_of(asking, "codex");
  AdmissionRequest wanted = admission_request(asking.engine, candidate, ProbeTime::when_due);
  wanted.reserve = codex.reserve;
  CHECK(asking.breakers.would_refuse(*asking.store->read(), wanted));

  write_account(asking, "second-account");
  CHECK_FALSE(asking.breakers.would_refuse(*asking.store->read(), wanted));
  CHECK(asking.ask().answer);
}

TEST_CASE("a ping is made although it may be billed extra") {
  Asking asking;
  answer_with_share(asking, "0.2");
  asking.config.backends["codex"].overage = "avoid";
  REQUIRE(asking.store->update("codex", [](BackendState& state, const HostTime& now) {
    state.quota.overage = {.in_use = true, .allowed = true, .credits = {}};
    state.quota.overage_heard_at = now.wall;
  }));
  CHECK_FALSE(asking.ask("codex").answer);
  CHECK(ping(asking.engine, candidate_of(asking, "codex"), asking.never).works);
}

TEST_CASE("an account file that cannot be read changes nothing") {
  Asking asking;
  write_account(asking, "first-account");
  answer_with_share(asking, "0.9");
  asking.ask();
  const std::string mark = asking.state("codex").quota.account;
  std::ofstream(asking.file("account.json")) << GENERATE("", "[1]", "{\"id\": 7}", "{{{");
  asking.ask();
  CHECK(asking.state("codex").quota.account == mark);
}

TEST_CASE("a ping and a limit probe leave what they heard, too") {
  Asking asking;
  answer_with_share(asking, "0.2");
  SECTION("ping") { CHECK(ping(asking.engine, candidate_of(asking, "codex"), asking.never).works); }
  SECTION("limit probe") {
    asking.make_limited("codex");
    asking.ask("codex").pending.reset();
  }
  SECTION("refresh of a kind that has no other way") {
    const QuotaRefresh refresh = refresh_quota(asking.engine, candidate_of(asking, "codex"), asking.never);
    CHECK_FALSE(refresh.was_asked);
    CHECK_FALSE(refresh.problem);
  }
  CHECK(known_shares(asking, "codex") == Shares{0.2});
}

TEST_CASE("a kind that can be asked is asked without a call to its model") {
  Asking asking;
  asking.backend("codex", {"--say", "used 0.9"});
  asking.engine.environment["QUOTA_ANSWER"] = "used 0.3";
  const QuotaRefresh refresh = refresh_quota(asking.engine, candidate_of(asking, "codex"), asking.never);
  CHECK(refresh.was_asked);
  CHECK_FALSE(refresh.problem);
  CHECK(asking.lines("codex.spawns") == 0);
  const auto windows = asking.state("codex").quota.windows;
  REQUIRE(windows.size() == 1);
  CHECK(windows[0].used == 0.3);
  CHECK(windows[0].source == "refresh");
}

TEST_CASE("a kind that is asked and does not know its windows is called") {
  Asking asking;
  answer_with_share(asking, "0.9");
  asking.engine.environment["QUOTA_ANSWER"] = "not signed in";
  const QuotaRefresh refresh = refresh_quota(asking.engine, candidate_of(asking, "codex"), asking.never);
  CHECK_FALSE(refresh.was_asked);
  CHECK(known_shares(asking, "codex") == Shares{0.9});
}

TEST_CASE("a refresh whose figures would not count makes no call, and says why") {
  Asking asking;
  answer_with_share(asking, "0.9");
  asking.config.backends["codex"].changed_by = {Distrust::everything, "/src/delegate.toml", {"backends.codex.model"}};
  const QuotaRefresh refresh = refresh_quota(asking.engine, candidate_of(asking, "codex"), asking.never);
  REQUIRE(refresh.problem);
  CHECK(refresh.problem->what ==
        "its figures would not count: /src/delegate.toml is not trusted and sets backends.codex.model");
  CHECK(asking.lines("codex.spawns") == 0);
}

TEST_CASE("a refresh that fails says why") {
  Asking asking;
  asking.backend("codex", {"--exit", "3"});
  const QuotaRefresh refresh = refresh_quota(asking.engine, candidate_of(asking, "codex"), asking.never);
  REQUIRE(refresh.problem);
  CHECK_FALSE(refresh.problem->what.empty());
}

namespace {

/// Calls that report whether they were billed extra, and how often one of them starts the process that announces it.
struct Billing {
  Asking asking;
  int announcers = 0;
  milliseconds heard_at = wall_now() - 1h;

  Billing() {
    asking.breakers.when_owed([this] { ++announcers; });
  }
  void hear(bool is_billed_extra) {
    heard_at += 1s;
    const QuotaReading reading{.windows = {{"five_hour", 0.5, wall_now() + 1h}},
                               .overage = Overage{.in_use = is_billed_extra, .allowed = true, .credits = {}},
                               .heard_at = heard_at,
                               .source = "call"};
    REQUIRE(asking.breakers.note_quota("codex", {.reading = reading, .account_id = {}, .announced_shares = {}}));
  }
  /// The announcing process has done its work.
  void announce(const std::string& handle) {
    REQUIRE(asking.store->change_notifications([&](NotificationRows& rows, const HostTime&) {
      for (NotificationRow& row : rows) row.delivery = DeliveryState::delivered, row.handle = handle;
    }));
  }
};

}  // namespace

TEST_CASE("extra billing that alternates between calls starts the announcing process only if it has something to do") {
  Billing billing;
  billing.hear(true);
  CHECK(billing.announcers == 1);
  SECTION("sent by a hook") {
    billing.announce("");
    for (const bool is_billed_extra : {false, true, false, true}) billing.hear(is_billed_extra);
    CHECK(billing.announcers == 1);
  }
  SECTION("shown on the desktop, where it is closed once") {
    billing.announce("7@bus/:1");
    billing.hear(false);
    CHECK(billing.announcers == 2);
    billing.announce("");
    for (const bool is_billed_extra : {true, false, true}) billing.hear(is_billed_extra);
    CHECK(billing.announcers == 2);
  }
  SECTION("over before it was sent, and begun again") {
    billing.hear(false);
    CHECK(billing.announcers == 1);
    billing.hear(true);
    CHECK(billing.announcers == 2);
  }
}
